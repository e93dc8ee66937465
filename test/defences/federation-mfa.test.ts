/** Defences of a second factor by the word of a provider: taken out of the built server one by one, each attack succeeds. */
import { api } from '../../shared/api/index.ts';
import type { FederationStage } from '../security/federation-stage.ts';
import { loginByBrowser } from '../support/browser.ts';
import { brokenIf, cutIn, type Verdict } from './defence.ts';
import { describeServerDefences, type ServerDefence } from './describe-server-defences.ts';

const rules = cutIn('identity/provider-mfa-rules.js');
const seconds = (): number => Math.floor(Date.now() / 1000);

const trust = async ({ server, acme }: FederationStage, trustMfa: boolean): Promise<unknown> =>
  (await server.admin())(api.identityProviders.update, { params: { id: acme.id }, body: { trustMfa } });
/** A login that says this counts as proven. */
const counts =
  (claims: Record<string, unknown>, isTrusted = true) =>
  async (stage: FederationStage): Promise<Verdict> => {
    await trust(stage, isTrusted);
    stage.evil.person = { ...stage.evil.person, auth_time: seconds(), ...claims };
    return brokenIf((await loginByBrowser(stage.server, 'acme')).session.mfaAt !== null);
  };

const defences: readonly ServerDefence[] = [
  {
    name: 'only a provider that is trusted with it counts',
    row: 41,
    behind: [cutIn('login/arrived-session.js')('provider.trustMfa ? mfaAt : undefined', 'mfaAt')],
    cut: rules('trustMfa && hasTwoFactors(methodsIn(claims))', 'hasTwoFactors(methodsIn(claims))'),
    attack: counts({ amr: ['mfa'] }, false),
  },
  {
    name: 'one factor is not two',
    row: 41,
    cut: rules('.size >= 2', '.size >= 1'),
    attack: counts({ amr: ['otp'] }),
  },
  {
    name: 'a list with anything else in it is none',
    row: 41,
    cut: rules('methods.length === amr.length ? methods : []', 'methods'),
    attack: counts({ amr: ['mfa', 1] }),
  },
  {
    name: 'a time to come is none',
    row: 41,
    cut: rules('at > now + toleranceMilliseconds ? undefined : Math.min(at, now)', 'at'),
    attack: counts({ amr: ['mfa'], auth_time: seconds() + 86_400 }),
  },
  {
    name: 'trust that is taken back takes back what counted',
    row: 41,
    cut: cutIn('identity/provider-service.js')('provider.trustMfa && !updated.trustMfa', 'false'),
    attack: async (stage) => {
      await trust(stage, true);
      stage.evil.person = { ...stage.evil.person, amr: ['mfa'], auth_time: seconds() };
      const { call } = await loginByBrowser(stage.server, 'acme');
      await trust(stage, false);
      return brokenIf((await call(api.sessions.current, {})).session.mfaAt !== null);
    },
  },
];

describeServerDefences('a provider’s word on second factors', defences);
