/** What somebody says of a platform, as the trust rule that it means: its issuer and the claims of its tokens (docs/operate.md has the same table). */
import { shellWord } from '../../parts/command.tsx';

export type Platform = 'github' | 'gitlab' | 'kubernetes' | 'other';

export interface TrustRuleWish {
  readonly platform: Platform;
  /** Of GitHub and GitLab. */
  readonly repository: string;
  /** A branch; empty: any. */
  readonly branch: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly issuer: string;
  /** Lines of NAME=VALUE. */
  readonly claims: string;
  readonly jwks: string;
  readonly audience: string;
  readonly session: string;
  readonly reusable: boolean;
}

export const emptyWish: TrustRuleWish = {
  platform: 'github',
  repository: '',
  branch: 'main',
  namespace: '',
  serviceAccount: '',
  issuer: '',
  claims: '',
  jwks: '',
  audience: '',
  session: '1h',
  reusable: false,
};

export function issuerOf({ platform, issuer }: TrustRuleWish): string {
  if (platform === 'github') return 'https://token.actions.githubusercontent.com';
  if (platform === 'gitlab' && issuer.trim() === '') return 'https://gitlab.com';
  return issuer.trim();
}

export function claimsOf(wish: TrustRuleWish): Readonly<Record<string, string>> {
  const [repository, branch] = [wish.repository.trim(), wish.branch.trim()];
  switch (wish.platform) {
    case 'github':
      return { repository, ...(branch === '' ? {} : { ref: `refs/heads/${branch}` }) };
    case 'gitlab':
      // A protected branch: whoever may only push elsewhere makes no token of it.
      return { project_path: repository, ...(branch === '' ? {} : { ref: branch, ref_protected: 'true' }) };
    case 'kubernetes':
      return { sub: `system:serviceaccount:${wish.namespace.trim()}:${wish.serviceAccount.trim()}` };
    case 'other':
      return Object.fromEntries(
        wish.claims
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => pairOf(line.trim())),
      );
  }
}

/** A line without "=" is a claim that must be empty, which the server refuses by its name. */
function pairOf(line: string): readonly [string, string] {
  const at = line.indexOf('=');
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

/** What is missing, by the field it is missing in. */
export function missingIn(wish: TrustRuleWish): ReadonlyMap<keyof TrustRuleWish, string> {
  const missing = new Map<keyof TrustRuleWish, string>();
  const need = (field: 'repository' | 'namespace' | 'serviceAccount' | 'issuer' | 'claims', sentence: string): void => {
    if (wish[field].trim() === '') missing.set(field, sentence);
  };
  if (wish.platform === 'github') need('repository', 'Name the repository, such as acme/shop.');
  if (wish.platform === 'gitlab') need('repository', 'Name the project, such as acme/shop.');
  if (wish.platform === 'kubernetes' || wish.platform === 'other') need('issuer', 'Name the issuer as its tokens do.');
  if (wish.platform === 'kubernetes') {
    need('namespace', 'Name the namespace.');
    need('serviceAccount', 'Name the service account.');
  }
  if (wish.platform === 'other') need('claims', 'Name a claim at least: without one every token of the issuer would do.');
  return missing;
}

export function commandOf(workload: string, wish: TrustRuleWish): string {
  return [
    'infra trust-rules add',
    shellWord(workload),
    '--issuer',
    shellWord(issuerOf(wish) || 'URL'),
    ...Object.entries(claimsOf(wish)).flatMap(([name, value]) => ['--claim', shellWord(`${name}=${value}`)]),
    ...(wish.audience.trim() === '' ? [] : ['--audience', shellWord(wish.audience.trim())]),
    ...(wish.jwks.trim() === '' ? [] : ['--jwks-file jwks.json']),
    ...(wish.session === '1h' ? [] : ['--session', wish.session]),
    ...(wish.reusable ? ['--reusable'] : []),
  ].join(' ');
}
