/** What a login that tries a provider comes to, in steps that end in words, each failure with its remedy. Pure. */
import type { LoginTestResult, LoginTestStep } from '../../shared/api/provider-login-tests.ts';
import type { Admission } from '../identity/account-rules.ts';
import type { Claims, ClaimSettings, Refusal } from '../identity/claims-rules.ts';
import type { SeenMfa } from '../identity/provider-mfa-rules.ts';
import { groupsKeptHours, type ToldGroups } from '../identity/provider-group-rules.ts';
import { remedyFor } from './login-test-remedy-rules.ts';

/** What is asked about a provider's settings. */
interface Tried extends Pick<ClaimSettings, 'name' | 'kind' | 'groupsClaim' | 'directory'> {
  readonly status: 'active' | 'disabled';
  readonly syncMinutes: number | null;
}
interface Told {
  readonly subject: string;
  readonly email: string;
  readonly groups: ToldGroups;
}

/** What was seen of a login whose ID token holds. */
export interface Seen {
  readonly provider: Tried;
  readonly claims: Claims;
  readonly person: Told | Refusal;
  /** Undefined: the person is not known well enough to be judged. */
  readonly judged: { readonly admission: Admission; readonly user: string | undefined } | undefined;
  readonly groups: LoginTestResult['groups'];
  /** Of a directory without an answer: whether those told last would do. */
  readonly keepsGroups: boolean;
  readonly secondFactor: SeenMfa;
  readonly refreshToken: 'given' | 'missing' | 'not wanted';
  /** How to let groups be sent, where none came. */
  readonly howToSendGroups: string;
}

const mostGroups = 200;
const order = ['sign-in', 'person', 'account', 'groups', 'second-factor', 'refresh-token'] as const;
const held = 'The person came back signed in: state, nonce, PKCE, and signature, issuer, audience and times of the ID token hold.';

export function resultOf(seen: Seen): LoginTestResult {
  const steps = [...stepsOf(seen)];
  const failed = steps.find(({ refusal }) => refusal !== undefined);
  const done = failed === undefined ? steps : steps.slice(0, steps.indexOf(failed) + 1);
  return {
    refusal: failed?.refusal ?? null,
    steps: withTheRest(done.map(({ step, outcome, detail }) => ({ step, outcome, detail }))),
    claims: seen.claims,
    groups: seen.groups.slice(0, mostGroups).map((group) => ({ ...group })),
    groupCount: seen.groups.length,
  };
}

/** One that came to no ID token that holds. */
export const failedResult = (refusal: Refusal, detail: string): LoginTestResult => ({
  refusal: refusal.code,
  steps: withTheRest([{ step: 'sign-in', outcome: 'failed', detail }]),
  claims: null,
  groups: [],
  groupCount: 0,
});

const withTheRest = (done: readonly LoginTestStep[]): LoginTestStep[] => [
  ...done,
  ...order.slice(done.length).map((step) => ({ step, outcome: 'unknown' as const, detail: 'Not tried, because of what failed before.' })),
];

type Judgement = LoginTestStep & { readonly refusal?: string };

function* stepsOf({ provider, person, judged, ...seen }: Seen): Generator<Judgement> {
  yield { step: 'sign-in', outcome: 'ok', detail: held };
  if ('code' in person) {
    yield refusedAt('person', person, provider);
    return;
  }
  yield { step: 'person', outcome: 'ok', detail: `Subject ${person.subject}, email ${person.email}.` };
  if (judged !== undefined) yield accountStep(judged, person, provider);
  yield groupsStepOf({ provider, person, ...seen });
  const { as, sentence } = seen.secondFactor;
  yield { step: 'second-factor', outcome: as === 'unseen' ? 'unknown' : 'ok', detail: sentence };
  yield refreshStep(provider, seen.refreshToken);
}

const refusedAt = (step: LoginTestStep['step'], { code, sentence }: Refusal, { name }: Tried): Judgement => ({
  step,
  outcome: 'failed',
  detail: `The person would be refused: “${sentence}” ${remedyFor(code, name)}`,
  refusal: code,
});

function accountStep({ admission, user }: NonNullable<Seen['judged']>, { email }: Told, provider: Tried): Judgement {
  if ('code' in admission) return refusedAt('account', admission, provider);
  const whom = user ?? email;
  const words = {
    owner: `It would be ${whom}, who came with this account before.`,
    provisioned: `It would be ${whom}, whom the directory of ${provider.name} has added (SCIM).`,
    namesake: `It would be ${whom}, who is here already; the account would be bound to that user for good.`,
    'new user': `A new user ${whom} would be added.`,
  } as const;
  const closed =
    provider.status === 'active' ? '' : ` Not yet: ${provider.name} is disabled; open it: infra providers enable ${provider.name}`;
  return { step: 'account', outcome: 'ok', detail: `${words[admission.as]}${closed}` };
}

type OfGroups = Pick<Seen, 'provider' | 'groups' | 'keepsGroups' | 'howToSendGroups'> & { readonly person: Told };

function groupsStepOf({ provider, person, groups, keepsGroups, howToSendGroups }: OfGroups): Judgement {
  const step = 'groups';
  const told = person.groups;
  if (told.told === 'no answer') {
    const detail = `The directory of ${provider.name} gives no answer: ${told.why}`;
    if (keepsGroups)
      return { step, outcome: 'unknown', detail: `${detail} People come in with the groups it told last, for ${groupsKeptHours} hours.` };
    const code = 'login.groups-unavailable';
    return { step, outcome: 'failed', detail: `${detail} ${remedyFor(code, provider.name)}`, refusal: code };
  }
  const isRead = provider.groupsClaim !== null || provider.directory?.of === 'google';
  if (told.told === 'nothing')
    return isRead
      ? { step, outcome: 'failed', detail: `The ID token has no claim ${provider.groupsClaim ?? 'groups'}. ${howToSendGroups}` }
      : { step, outcome: 'ok', detail: `Groups are not read from ${provider.name}.` };
  const leftOut = told.leftOut.length === 0 ? '' : ` ${told.leftOut.length} more are no names here and would be left out.`;
  return { step, outcome: 'ok', detail: `${groups.length} groups would be the person’s.${leftOut}` };
}

function refreshStep({ name, kind, syncMinutes }: Tried, token: Seen['refreshToken']): Judgement {
  const step = 'refresh-token';
  if (token === 'given')
    return { step, outcome: 'ok', detail: `One came, so ${name} could be asked anew between logins. This one was dropped.` };
  if (token === 'not wanted' || syncMinutes === null)
    return { step, outcome: 'ok', detail: 'None is wanted: only logins tell anything (--sync off).' };
  if (kind === 'google')
    return {
      step,
      outcome: 'ok',
      detail: 'None came: Google gives one with consent alone, which a real login asks for where none is kept.',
    };
  return {
    step,
    outcome: 'unknown',
    detail: `None came, so between logins nothing is learnt about people. Allow refresh tokens (offline_access) for this client at ${name}, or do without: infra providers update ${name} --sync off`,
  };
}
