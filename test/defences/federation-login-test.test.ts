/** Defences of a login that tries a provider: taken out of the built server one by one, each attack succeeds. */
import { api } from '../../shared/api/index.ts';
import type { FederationStage } from '../security/federation-stage.ts';
import { newBrowser } from '../support/browser.ts';
import { goOnFrom, tryByLogin } from '../support/login-test.ts';
import { adminEmail, adminPassword, newPerson } from '../support/server.ts';
import { brokenIf, cutIn } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const service = cutIn('login/provider-login-test-service.js');
const store = cutIn('login/provider-login-test-store.js');
const run = cutIn('login/provider-login-test-run.js');

const begin = async ({ server, acme }: FederationStage) =>
  (await server.admin())(api.providerLoginTests.begin, { params: { id: acme.id } });

const defences: readonly ServerDefence[] = [
  {
    name: 'the link of a test is good once',
    row: 15,
    cut: store(".where('id', '=', id)\n                .where('used_at', 'is', null)", ".where('id', '=', id)"),
    behind: [store(".where('used_at', 'is', null)\n            .where('expires_at', '>', now)", ".where('expires_at', '>', now)")],
    attack: async (stage) => {
      const browser = newBrowser(stage.server);
      const go = await goOnFrom(browser, (await begin(stage)).url);
      await browser.get(go);
      return brokenIf((await newBrowser(stage.server).get(go)).status === 303);
    },
  },
  {
    name: 'the link of a test ends with the session of who made it',
    row: 15,
    cut: service(' || !isLive(session, now)', ''),
    attack: async ({ server, acme }) => {
      const own = await server.login(adminEmail, adminPassword);
      const { url } = await own.call(api.providerLoginTests.begin, { params: { id: acme.id } });
      await own.call(api.sessions.logout, {});
      return brokenIf((await newBrowser(server).get(url)).status === 200);
    },
  },
  {
    name: 'what came of a test is for who began it',
    row: 23,
    cut: service(' || test.begunBy !== caller.identity.id', ''),
    attack: async ({ server, acme }) => {
      const admin = await server.admin();
      const { begun } = await tryByLogin(server, admin, acme.id);
      const other = await newPerson(server, 'other-admin@example.com');
      await admin(api.grants.create, { body: { subject: 'other-admin@example.com', role: 'admin', resource: 'infra' } });
      return succeeds(other.call(api.providerLoginTests.get, { params: { id: acme.id, test: begun.id } }));
    },
  },
  {
    name: 'what a provider says in an error is not repeated',
    row: 29,
    cut: run('${faultWords(cause, name)}', '${cause.cause}'),
    attack: async ({ server, acme, evil }) => {
      evil.script = {
        returned: (query) => {
          query.delete('code');
          query.set('error', 'CANARY');
        },
      };
      const { result } = await tryByLogin(server, await server.admin(), acme.id);
      return brokenIf(JSON.stringify(result).includes('CANARY'));
    },
  },
];

describeServerDefences('a login that tries a provider', defences);
