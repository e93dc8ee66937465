/** What a trust rule must say to be one, and which claims it takes: pure. ADR 36 weighs it. */
import { isRecord, type Claims } from '../identity/claims-rules.ts';
import { issuerFault } from '../identity/provider-rules.ts';

export type WantedClaims = Readonly<Record<string, string>>;

/** By what an audience can name this server. */
export interface OwnNames {
  readonly publicUrl: string;
  readonly trustDomain: string;
}

/** Whether claims have everything that is wanted of them. Nothing wanted matches nothing. */
export function claimsMatch(wanted: WantedClaims, claims: Claims): boolean {
  const all = Object.entries(wanted);
  return all.length > 0 && all.every(([name, pattern]) => textsAt(claims, name).some((text) => patternMatches(pattern, text)));
}

/** The texts at a claim, by its name or by a JSON pointer (RFC 6901). A list holds several; a number only where it is told exactly. */
export function textsAt(claims: Claims, name: string): readonly string[] {
  const path = name.startsWith('/') ? name.slice(1).split('/').map(unescaped) : [name];
  let found: unknown = claims;
  for (const part of path) found = isRecord(found) && !Array.isArray(found) && Object.hasOwn(found, part) ? found[part] : undefined;
  return (Array.isArray(found) ? (found as readonly unknown[]) : [found]).flatMap(textOf);
}

const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

function textOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? [String(value)] : [];
}

/** `*` stands for one whole part between `/` and `:`, never for less or more: `repo:acme/*` reaches neither `acme-evil` nor another kind of ref. */
function patternMatches(pattern: string, text: string): boolean {
  const [wanted, found] = [partsOf(pattern), partsOf(text)];
  return wanted.length === found.length && wanted.every((part, at) => (part === '*' ? found[at] !== '' : part === found[at]));
}

const partsOf = (text: string): string[] => text.split(/([/:])/);

export interface AskedRule {
  readonly issuer: string;
  readonly audience: string;
  readonly claims: WantedClaims;
}

/** Why this cannot be a trust rule, as a sentence with the remedy, or undefined. */
export function ruleFault(rule: AskedRule, own: OwnNames): string | undefined {
  const address = issuerFault(rule.issuer);
  if (address !== undefined) return `The issuer ${address}. Give it to the letter as its tokens write "iss".`;
  if (!isOwnAudience(rule.audience, own))
    return `The audience "${rule.audience}" is not this server's: whoever gets such a token for another service could come in here with it. Leave it out for ${own.publicUrl}, and let the job ask for a token with that audience.`;
  return claimsFault(rule.claims) ?? (isPinned(rule) ? undefined : unpinned(rule.issuer));
}

/** The host of this server, or the name of its trust domain, alone or in an https address. */
export function isOwnAudience(audience: string, { publicUrl, trustDomain }: OwnNames): boolean {
  const { host, hostname } = new URL(publicUrl);
  const url = URL.parse(audience);
  return [host, hostname, trustDomain].includes(audience) || (url?.protocol === 'https:' && [hostname, trustDomain].includes(url.hostname));
}

const ofTheTokenItself = ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti'];

function claimsFault(claims: WantedClaims): string | undefined {
  const names = Object.keys(claims);
  if (names.length === 0)
    return 'At least one claim must be given besides the issuer, or every token of it would do. Give sub, for example.';
  const own = names.find((name) => ofTheTokenItself.includes(name));
  if (own !== undefined)
    return `The claim "${own}" cannot be wanted: issuer and audience are settings of their own, and times and ids differ from token to token.`;
  const partial = Object.entries(claims).find(([, value]) => partsOf(value).some((part) => part !== '*' && part.includes('*')));
  if (partial !== undefined)
    return `In the claim "${partial[0]}", "*" must be one whole part between "/" and ":", as in repo:acme/*:ref:refs/heads/main. Else names that only begin alike would match.`;
  return undefined;
}

/** Issuers that sign for everybody: which claims say whose a token is, and how they must begin to say it. */
const sharedIssuers: Readonly<
  Record<string, { readonly of: string; readonly example: string; readonly says: Readonly<Record<string, RegExp>> }>
> = {
  'https://token.actions.githubusercontent.com': {
    of: 'GitHub',
    example: 'repository=ORG/REPOSITORY or sub=repo:ORG/REPOSITORY:ref:refs/heads/main',
    says: {
      sub: /^(?:repo|repository|repository_owner|repository_id|repository_owner_id):[^:/*]+(?:[:/]|$)/,
      repository: /^[^/*]+\//,
      repository_id: /^[^*]+$/,
      repository_owner: /^[^*]+$/,
      repository_owner_id: /^[^*]+$/,
    },
  },
  'https://gitlab.com': {
    of: 'GitLab.com',
    example: 'project_path=GROUP/PROJECT or sub=project_path:GROUP/PROJECT:ref_type:branch:ref:main',
    says: {
      sub: /^project_path:[^:/*]+\//,
      project_path: /^[^/*]+\//,
      project_id: /^[^*]+$/,
      namespace_path: /^[^/*]+/,
      namespace_id: /^[^*]+$/,
    },
  },
  'https://accounts.google.com': {
    of: 'Google',
    example: 'email=NAME@PROJECT.iam.gserviceaccount.com',
    says: { sub: /^[^*]+$/, email: /^[^*]+$/, hd: /^[^*]+$/ },
  },
  'https://app.terraform.io': {
    of: 'HCP Terraform',
    example: 'terraform_organization_name=ORGANIZATION',
    says: { sub: /^organization:[^:*]+:/, terraform_organization_id: /^[^*]+$/, terraform_organization_name: /^[^*]+$/ },
  },
  'https://agent.buildkite.com': {
    of: 'Buildkite',
    example: 'organization_slug=ORGANIZATION',
    says: { sub: /^organization:[^:*]+:/, organization_id: /^[^*]+$/, organization_slug: /^[^*]+$/ },
  },
};

/** Whether a rule says whose tokens it means: at an issuer for everybody by a claim of its list, elsewhere by any claim that is given whole. */
function isPinned({ issuer, claims }: AskedRule): boolean {
  const shared = sharedIssuers[issuer];
  return Object.entries(claims).some(([name, value]) =>
    shared === undefined ? !value.includes('*') : shared.says[name]?.test(value) === true,
  );
}

function unpinned(issuer: string): string {
  const shared = sharedIssuers[issuer];
  if (shared === undefined) return 'At least one claim must be given whole, without "*": else too many of the issuer\'s tokens would do.';
  return `This would let in everybody at ${shared.of}: no claim says whose the job is. Add one, such as ${shared.example}.`;
}
