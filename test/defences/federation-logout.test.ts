/** Defences of logouts by a provider: taken out of the built server one by one, each attack succeeds. */
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { attempt, type FederationStage } from '../security/federation-stage.ts';
import { postLogout, signedLogout } from '../security/logout-token.ts';
import { exchange, loginByBrowser } from '../support/browser.ts';
import { brokenIf, cutIn, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const rules = cutIn('login/logout-token-rules.js');
const token = cutIn('login/logout-token.js');
const store = cutIn('login/provider-session-store.js');

async function inside({ server, evil }: FederationStage, sub: string, sid = 'one'): Promise<Call> {
  evil.person = { sub, email: `${sub}@example.com`, email_verified: true, sid };
  return (await loginByBrowser(server, 'acme')).call;
}
const endsBy = async (stage: FederationStage, claims: Readonly<Record<string, unknown>>, whose: Call): Promise<Verdict> => {
  await postLogout(stage.server, await signedLogout(stage.evil, claims), 'acme');
  const isIn = await whose(api.sessions.current, {}).then(
    () => true,
    () => false,
  );
  return brokenIf(!isIn);
};

const defences: readonly ServerDefence[] = [
  {
    name: 'a token of the provider’s that is about no logout is none',
    row: 18,
    cut: rules('!isObject(events) || !isObject(events[logoutEvent])', 'false'),
    attack: async (stage) => endsBy(stage, { sub: 'ana', events: {} }, await inside(stage, 'ana')),
  },
  {
    name: 'a logout token for another client is none',
    row: 18,
    cut: token('audience: clientId,', ''),
    attack: async (stage) => endsBy(stage, { sub: 'ana', aud: 'another' }, await inside(stage, 'ana')),
  },
  {
    name: 'a logout token of another issuer is none',
    row: 18,
    cut: token('issuer: metadata.issuer,', ''),
    attack: async (stage) => endsBy(stage, { sub: 'ana', iss: 'https://elsewhere.example.com' }, await inside(stage, 'ana')),
  },
  {
    name: 'a logout ends nothing that began after it',
    row: 11,
    cut: store(".where('issued_at', '<=', issuedAt)", ''),
    attack: async (stage) => endsBy(stage, { sub: 'ana', iat: Math.floor(Date.now() / 1000) - 30 }, await inside(stage, 'ana')),
  },
  {
    name: 'a logout of one person ends nobody else’s session',
    row: 11,
    cut: store("query = query.where('subject', '=', subject);", ';'),
    attack: async (stage) => endsBy(stage, { sub: 'ana' }, await inside(stage, 'ben')),
  },
  {
    name: 'a logout of one session ends no other',
    row: 11,
    cut: store('if (sid !== undefined)', 'if (false)'),
    attack: async (stage) => endsBy(stage, { sub: 'ana', sid: 'two' }, await inside(stage, 'ana', 'one')),
  },
  {
    name: 'a login under way is over with the provider’s session that it came from',
    row: 11,
    cut: cutIn('login/provider-logout-service.js')('if (isMeant(claims, origins.ofLogin(login)))', 'if (false)'),
    attack: async (stage) => {
      stage.evil.person = { sub: 'ana', email: 'ana@example.com', email_verified: true, sid: 'one' };
      const { end, cli } = await attempt(stage.server);
      await postLogout(stage.server, await signedLogout(stage.evil, { sub: 'ana', sid: 'one' }), 'acme');
      return succeeds(exchange(stage.server, end.url, cli));
    },
  },
];

describeServerDefences('logout by a provider', defences);
