/** Every kind of secret a server gets to see, sent to it in every way there is, the wrong ways too; and the answers to them. */
import { randomBytes } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import { Secret } from 'otpauth';
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import { parseJoinToken } from '../../shared/node/join-token.ts';
import { enrolWithToken } from '../support/enrolled-connector.ts';
import { formOn, openPasswordPage } from '../support/page-login.ts';
import { runProgram } from '../support/program.ts';
import { asked } from '../support/passkey-sign-in.ts';
import { addPasskey, passkeyProof, tokenIn, useLink } from '../support/passkeys.ts';
import { addSecondFactor } from '../support/second-factor.ts';
import { adminEmail, adminPassword, newPerson, type RunningServer } from '../support/server.ts';

export interface PlantedSecrets {
  /** By what it is. */
  readonly secrets: ReadonlyMap<string, string>;
  /** What the server answered to what it refused. */
  readonly refusals: readonly { readonly status: number; readonly text: string }[];
}

const canary = (): string => `canary ${randomBytes(12).toString('hex')}`;
const json = { 'content-type': 'application/json' };

export async function plantSecrets(server: RunningServer): Promise<PlantedSecrets> {
  const secrets = new Map<string, string>([['admin password', adminPassword]]);
  const refusals: { status: number; text: string }[] = [];
  const plant = (what: string, secret: string = canary()): string => {
    secrets.set(what, secret);
    return secret;
  };
  const refused = async (path: string, init: Parameters<RunningServer['request']>[1] = {}): Promise<void> => {
    const response = await server.request(path, init);
    if (response.ok) throw new Error(`${path} should have been refused`);
    refusals.push({ status: response.status, text: await response.text() });
  };
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<void> =>
    refused(path, { method: 'POST', headers: { ...json, ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });

  const admin = await server.login(adminEmail, adminPassword);
  plant('session of the admin', admin.secret);
  const authorization = `Bearer ${admin.secret}`;
  const person = await newPerson(server, 'ana@example.com', plant('right password'));
  plant('session of a person', person.secret);

  await post('/api/v1/login/password', { email: 'ana@example.com', password: plant('wrong password') });
  await post('/api/v1/login/password', { email: 'nobody@example.com', password: plant('password of nobody') });
  await post('/api/v1/login/password', { email: plant('password typed in place of the email'), password: plant('what followed it') });
  await post(
    '/api/v1/users',
    { email: 'short@example.com', password: plant('weak password', randomBytes(8).toString('hex').slice(5)) },
    { authorization },
  );
  await person.call(api.sessions.changeOwnPassword, {
    body: { currentPassword: person.password, newPassword: plant('changed password') },
  });
  await post(
    '/api/v1/whoami/password',
    { currentPassword: plant('wrong current password'), newPassword: plant('password that never was') },
    { authorization: `Bearer ${person.secret}` },
  );

  const fresh = await admin.call(api.users.create, { body: { email: 'fresh@example.com' } });
  const oneTimePassword = plant('one-time password', fresh.oneTimePassword ?? '');
  const change = await server.client()(api.login.password, { body: { email: 'fresh@example.com', password: oneTimePassword } });
  if (change.status !== 'password-change-required') throw new Error('a one-time password opens no session');
  const opened = await server.client()(api.login.changePassword, {
    body: { changeToken: plant('change token', change.changeToken), newPassword: plant('first password') },
  });
  plant('session after the change', opened.secret);

  await plantSecondFactor(server, plant);
  await plantPasskey(server, plant);

  const key = await admin.call(api.accessKeys.create, { body: { name: 'robot' } });
  plant(
    'session of an access key',
    (await server.client()(api.login.accessKey, { body: { key: plant('access key', key.secret) } })).secret,
  );
  await post('/api/v1/login/access-key', { key: plant('wrong access key') });

  const { destination, joinToken } = await admin.call(api.destinations.create, { body: { name: 'prod' } });
  plant('secret of a join token', parseJoinToken(joinToken)?.secret ?? '');
  await enrolWithToken(server, { joinToken, destinationId: destination.id });
  const unused = await admin.call(api.destinations.createJoinToken, { params: { id: destination.id } });
  plant('secret of an unused join token', parseJoinToken(unused.joinToken)?.secret ?? '');

  const recovery = await runProgram({ program: 'server', args: ['recover-admin', `--data-dir=${server.dataDir}`] });
  const token = plant('token of a set-up link', /\/setup#(\S+)/.exec(recovery.stdout)?.[1] ?? '');
  await server.client()(api.server.setup, { body: { token, email: 'second@example.com', password: plant('password at set-up') } });

  await admin.call(api.grants.create, { body: { subject: 'ana@example.com', role: 'view', resource: 'prod' } });
  const { privateKey } = createKeyPair();
  plant('line of a private key', privateKey.split('\n')[1] ?? '');
  await post('/api/v1/leases', { destination: destination.id, csr: privateKey }, { authorization });

  await refused(`/api/v1/users?access_token=${plant('query string', randomBytes(12).toString('hex'))}`, { headers: { authorization } });
  await refused('/api/v1/users', {
    headers: {
      authorization: `Bearer ${plant('wrong bearer')}`,
      cookie: `session=${plant('cookie', randomBytes(12).toString('hex'))}`,
      'x-canary': plant('other header'),
    },
  });
  await refused('/api/v1/users', { headers: { authorization: `Basic ${plant('basic')}`, 'proxy-authorization': plant('for a proxy') } });
  await post('/api/v1/grants', { subject: plant('subject'), role: plant('role'), resource: plant('resource') }, { authorization });
  await post('/api/v1/login/password', { email: 'ana@example.com', password: { nested: plant('wrongly typed') } });
  await post('/api/v1/login/password', `{"password":"${plant('broken JSON')}`);
  await refused('/api/v1/login/password', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: plant('plain text') });
  await post(`/api/v1/${plant('path', randomBytes(12).toString('hex'))}`, {});

  const { browser, page } = await openPasswordPage(server);
  const { login = '' } = formOn(page).values;
  const form = { email: 'ana@example.com', password: plant('password in a form') };
  const cookie = plant('cookie of a form', [...(browser.cookies.get(server.url)?.values() ?? [])][0] ?? '');
  const tried = await browser.post(`${server.url}/login/password`, { ...form, login: plant('value hidden in a form', login) });
  refusals.push({ status: tried.status, text: tried.body.replaceAll(login, '') });
  const foreign = await browser.post(`${server.url}/login/password`, { ...form, login: cookie }, { 'sec-fetch-site': 'cross-site' });
  refusals.push({ status: foreign.status, text: foreign.body });

  await whileBroken(server, async () => post('/api/v1/login/access-key', { key: plant('key while the server fails') }));
  return { secrets, refusals };
}

async function plantSecondFactor(server: RunningServer, plant: (what: string, secret: string) => string): Promise<void> {
  const person = await newPerson(server, 'factor@example.com');
  const { secret, app, recoveryCodes } = await addSecondFactor(person.call);
  plant('secret of a second factor', secret);
  plant('secret of a second factor, bytes', Buffer.from(Secret.fromBase32(secret).bytes).toString('latin1'));
  for (const [index, code] of recoveryCodes.entries()) plant(`recovery code ${index + 1}`, code);
  const login = await server.client()(api.login.password, { body: { email: 'factor@example.com', password: person.password } });
  if (login.status !== 'mfa-required') throw new Error('a second factor is asked for');
  const mfaToken = plant('token of a login with a second factor', login.mfaToken);
  await server.client()(api.login.secondFactor, { body: { mfaToken, code: app.next() } });
  await person.call(api.secondFactors.prove, { body: { code: recoveryCodes[0] ?? '' } });
}

async function plantPasskey(server: RunningServer, plant: (what: string, secret: string) => string): Promise<void> {
  const { call } = await newPerson(server, 'passkey@example.com');
  const { authenticator } = await addPasskey(server, call);
  const used = await call(api.passkeys.ask, { body: { purpose: 'verify' } });
  plant('token of a link for a passkey', tokenIn(used.url));
  await useLink(server, used.url, authenticator);
  await call(api.secondFactors.prove, { body: { code: plant('proof by a passkey', used.proof) } });
  const code = await passkeyProof(server, call, { authenticator, purpose: 'add' });
  const unused = await call(api.passkeys.begin, { body: { code } });
  plant('token of an unused link for a passkey', tokenIn(unused.url));
  plant('question for a passkey alone', asked((await openPasswordPage(server)).page).values['step'] ?? '');
}

/** A table is missing: every request that needs it fails inside the server, with all it was given. */
async function whileBroken(server: RunningServer, work: () => Promise<void>): Promise<void> {
  const database = new Sqlite(server.databaseFile);
  database.exec('ALTER TABLE access_keys RENAME TO gone');
  try {
    await work();
  } finally {
    database.exec('ALTER TABLE gone RENAME TO access_keys');
    database.close();
  }
}
