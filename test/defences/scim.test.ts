/** Defences against what a directory, or somebody with its token, may say by SCIM. */
import Sqlite from 'better-sqlite3';
import { api } from '../../shared/api/index.ts';
import { attempt, connect, type FederationStage } from '../security/federation-stage.ts';
import { loginByBrowser } from '../support/browser.ts';
import { newScimClient, provision, scimClient, scimGroup, scimUser, type ScimAnswer, type ScimClient } from '../support/scim.ts';
import { adminEmail, newPerson } from '../support/server.ts';
import { brokenIf, cutIn, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const tokens = cutIn('scim/scim-token-service.js');
const people = cutIn('identity/provisioned-users.js');
const groups = cutIn('identity/provisioned-groups.js');

type Attack = (stage: FederationStage, scim: ScimClient) => Promise<Verdict>;
const byScim =
  (attack: Attack) =>
  async (stage: FederationStage): Promise<Verdict> =>
    attack(stage, await newScimClient(stage.server, stage.acme));

const answers = async (work: Promise<{ readonly status: number }>, ...statuses: readonly number[]): Promise<Verdict> =>
  brokenIf(statuses.includes((await work).status));

/** The directory of a second provider. */
async function otherDirectory({ server, evil }: FederationStage): Promise<ScimClient> {
  return newScimClient(server, await connect(server, evil, 'other'));
}

async function inside(stage: FederationStage, scim: ScimClient) {
  const id = await provision(scim, 'ana@example.com', { externalId: 'ana' });
  return { id, ...(await loginByBrowser(stage.server, 'acme')) };
}
const deactivate = async (scim: ScimClient, id: string) => scim.patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
const idOf = ({ body }: ScimAnswer): string => body.id;

const defences: readonly ServerDefence[] = [
  {
    name: 'a SCIM token opens its own provider alone',
    row: 25,
    cut: tokens('provider?.id !== token.providerId', 'provider === undefined'),
    attack: byScim(async (stage) => answers(scimClient(stage.server, 'acme', (await otherDirectory(stage)).secret).get('/Users'), 200)),
  },
  {
    name: 'a SCIM token ends at its time',
    row: 25,
    cut: tokens(' || fromTime(token.expiresAt) <= now', ''),
    attack: byScim(async ({ server }, scim) => {
      const database = new Sqlite(server.databaseFile);
      database.prepare('UPDATE scim_tokens SET expires_at = ?').run(new Date(Date.now() - 1).toISOString());
      database.close();
      return answers(scim.get('/Users'), 200);
    }),
  },
  {
    name: 'wrong SCIM tokens are limited',
    row: 28,
    cut: cutIn('login/counted-refusal.js')('await attempts.count(countedAs, source.address, now)', 'undefined'),
    attack: async ({ server }) => {
      const guess = scimClient(server, 'acme', `infra_scim_${'x'.repeat(43)}`);
      for (let tries = 0; tries < 10; tries += 1) await guess.get('/Users');
      return answers(guess.get('/Users'), 401);
    },
  },
  {
    name: 'a disabled provider’s directory is not heard',
    row: 11,
    cut: tokens("provider.status !== 'active'", 'false'),
    attack: byScim(async ({ server, acme }, scim) => {
      await (
        await server.admin()
      )(api.identityProviders.disable, { params: { id: acme.id } });
      return answers(scim.post('/Users', scimUser('ana@example.com')), 201);
    }),
  },
  {
    name: 'a directory sees its own people alone',
    row: 25,
    cut: cutIn('identity/provisioned-user-store.js')(".selectAll().where('provider_id', '=', providerId)", '.selectAll()'),
    attack: byScim(async (stage, scim) =>
      answers(scim.get(`/Users/${await provision(await otherDirectory(stage), 'ana@example.com')}`), 200),
    ),
  },
  {
    name: 'a directory sees its own groups alone',
    row: 25,
    cut: cutIn('identity/provisioned-group-store.js')(
      ".select('groups.name as name')\n        .where('provider_id', '=', providerId)",
      ".select('groups.name as name')",
    ),
    attack: byScim(async (stage, scim) =>
      answers(scim.get(`/Groups/${idOf(await (await otherDirectory(stage)).post('/Groups', scimGroup('x')))}`), 200),
    ),
  },
  {
    name: 'a directory does not take users with another way in',
    row: 25,
    cut: people('throw duplicate(fault)', 'void 0'),
    attack: byScim(async (_stage, scim) => answers(scim.post('/Users', scimUser(adminEmail)), 201)),
  },
  {
    name: 'members of a directory’s groups are its own people',
    row: 25,
    cut: groups('if (unknown !== undefined)', 'if (false)'),
    attack: byScim(async ({ server }, scim) => {
      const { id } = await newPerson(server, 'local@example.com');
      return answers(scim.post('/Groups', scimGroup('crew', [id])), 201);
    }),
  },
  {
    name: 'names of a directory’s groups are those that a cluster cannot take for its own',
    row: 17,
    cut: groups('if (isProviderGroupName(name))', 'if (true)'),
    attack: byScim(async (_stage, scim) => answers(scim.post('/Groups', scimGroup('system:masters')), 201)),
  },
  {
    name: 'deactivation ends sessions',
    row: 25,
    cut: people('if (before.active && !after.active)', 'if (false)'),
    attack: byScim(async (stage, scim) => {
      const { id, call } = await inside(stage, scim);
      await deactivate(scim, id);
      return succeeds(call(api.sessions.current, {}));
    }),
  },
  {
    name: 'whom a directory deactivated does not come in',
    row: 25,
    cut: cutIn('identity/account-rules.js')('known.isDeactivated === true', 'false'),
    attack: byScim(async (stage, scim) => {
      const { id } = await inside(stage, scim);
      await deactivate(scim, id);
      return brokenIf((await attempt(stage.server)).answer.has('code'));
    }),
  },
  {
    name: 'an unused invitation lets nobody in whom a directory deactivated',
    row: 25,
    cut: people('await stores.passwords.remove(user.id);', ''),
    attack: byScim(async ({ server }, scim) => {
      const admin = await server.admin();
      const { user, oneTimePassword } = await admin(api.users.create, { body: { email: 'ana@example.com' } });
      await provision(scim, 'ana@example.com');
      await deactivate(scim, user.id);
      return succeeds(server.client()(api.login.password, { body: { email: 'ana@example.com', password: oneTimePassword! } }));
    }),
  },
  {
    name: 'whom a directory removed leaves nothing to the next with that address',
    row: 25,
    cut: people('await removeIdentity(stores, user, act);', ''),
    attack: byScim(async (stage, scim) => {
      const { id } = await inside(stage, scim);
      await (
        await stage.server.admin()
      )(api.grants.create, { body: { subject: 'ana@example.com', role: 'view', resource: 'infra' } });
      await scim.remove(`/Users/${id}`);
      stage.evil.person = { sub: 'the next', email: 'ana@example.com', email_verified: true };
      const { call } = await loginByBrowser(stage.server, 'acme');
      return brokenIf((await call(api.sessions.current, {})).serverRoles.includes('view'));
    }),
  },
  {
    name: 'a login gives no membership that the directory has not',
    row: 17,
    cut: cutIn('identity/provider-groups.js')('if (!ofDirectory.has(group.id))', 'if (true)'),
    attack: byScim(async (stage, scim) => {
      await scim.post('/Groups', scimGroup('operators'));
      stage.evil.person = { sub: 'ana', email: 'ana@example.com', email_verified: true, groups: ['operators'] };
      const { call } = await loginByBrowser(stage.server, 'acme');
      return brokenIf((await call(api.sessions.current, {})).groups.length > 0);
    }),
  },
  {
    name: 'what a login said of a group ends when the directory takes it over',
    row: 17,
    cut: groups("[{ kind: 'replace', ids: [] }, ...given.members]", 'given.members'),
    attack: byScim(async (stage, scim) => {
      stage.evil.person = { sub: 'ana', email: 'ana@example.com', email_verified: true, groups: ['operators'] };
      const { call } = await loginByBrowser(stage.server, 'acme');
      await scim.post('/Groups', scimGroup('operators'));
      return brokenIf((await call(api.sessions.current, {})).groups.length > 0);
    }),
  },
  {
    name: 'a change on an older version is refused',
    row: 25,
    cut: cutIn('scim/scim-user-service.js')('if (ifMatch !== undefined && !isNamed(ifMatch, before))', 'if (false)'),
    attack: byScim(async (_stage, scim) => {
      const id = await provision(scim, 'ana@example.com');
      return answers(scim.send('DELETE', `/Users/${id}`, { headers: { 'if-match': 'W/"7"' } }), 204);
    }),
  },
];

describeServerDefences('SCIM', defences);
