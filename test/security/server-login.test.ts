/** Logging in under attack: rows 16, 17, 26, 27, 28. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { ApiError } from '../../shared/client.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

const password = 'a lantern in the harbour';

async function refusal(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('this should have been refused');
}

describe('login under attack', function () {
  this.timeout(120_000);
  let server: RunningServer;
  before(async () => {
    server = await startServer();
  });
  after(async () => server.stop());

  const tryPassword = async (email: string, attempt: string): Promise<Response> =>
    server.request('/api/v1/login/password', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: attempt }),
    });

  it('row 26: a one-time password opens no session, and its change token is good for the change alone, once', async () => {
    const admin = await server.admin();
    const { oneTimePassword } = await admin(api.users.create, { body: { email: 'fresh@example.com' } });
    const result = await server.client()(api.login.password, { body: { email: 'fresh@example.com', password: oneTimePassword ?? '' } });
    if (result.status !== 'password-change-required') throw new Error('a one-time password must be changed first');
    for (const authorization of [`Bearer ${result.changeToken}`, `Bearer ${result.changeToken.replace('infra_change_', 'infra_ses_')}`]) {
      expect((await server.request('/api/v1/whoami', { headers: { authorization } })).status).to.equal(401);
    }
    const key = await refusal(server.client()(api.login.accessKey, { body: { key: result.changeToken } }));
    expect(key.problem.code).to.equal('login.failed');
    const setup = await refusal(
      server.client()(api.server.setup, { body: { token: result.changeToken, email: 'fresh@example.com', password } }),
    );
    expect(setup.problem.code).to.equal('token.invalid');
    const weak = await refusal(
      server.client()(api.login.changePassword, { body: { changeToken: result.changeToken, newPassword: 'password1234' } }),
    );
    expect(weak.problem.code).to.equal('password.too-weak');
    const opened = await server.client()(api.login.changePassword, { body: { changeToken: result.changeToken, newPassword: password } });
    expect(opened.session.identity.name).to.equal('fresh@example.com');
    const again = await refusal(
      server.client()(api.login.changePassword, { body: { changeToken: result.changeToken, newPassword: `${password} two` } }),
    );
    expect(again.problem.code).to.equal('token.invalid');
    expect((await tryPassword('fresh@example.com', oneTimePassword ?? '')).status).to.equal(401);
  });

  it('row 27: unknown, disabled and wrong-password accounts get the same answer to the byte', async () => {
    const admin = await server.admin();
    await newPerson(server, 'known@example.com', password);
    const disabled = await newPerson(server, 'disabled@example.com', password);
    await admin(api.users.disable, { params: { id: disabled.id } });
    const answers = [
      await tryPassword('known@example.com', 'wrong wrong wrong'),
      await tryPassword('nobody@example.com', 'wrong wrong wrong'),
      await tryPassword('disabled@example.com', password),
      await tryPassword('no email at all', 'wrong'),
    ];
    const seen = await Promise.all(
      answers.map(async (answer) => `${answer.status} ${answer.headers.get('content-type') ?? ''} ${await answer.text()}`),
    );
    expect(new Set(seen).size, seen.join('\n')).to.equal(1);
  });

  it('row 27: an unknown account costs the same work as a known one', async () => {
    await newPerson(server, 'timed@example.com', password);
    const time = async (email: string): Promise<number> => {
      const started = performance.now();
      await (await tryPassword(email, 'wrong wrong wrong')).text();
      return performance.now() - started;
    };
    const fastest = { known: Number.POSITIVE_INFINITY, unknown: Number.POSITIVE_INFINITY };
    for (let round = 0; round < 4; round += 1) {
      fastest.known = Math.min(fastest.known, await time('timed@example.com'));
      fastest.unknown = Math.min(fastest.unknown, await time(`unknown${round}@example.com`));
    }
    // A look-up without a hash takes a hundredth of one with: a factor of four tells them apart on any machine.
    expect(fastest.unknown).to.be.greaterThan(fastest.known / 4);
    expect(fastest.known).to.be.greaterThan(fastest.unknown / 4);
  });

  it('row 28: ten failures are looked at, in parallel too; then 429 with Retry-After, even for the right password, across a restart', async () => {
    const own = await startServer();
    try {
      await newPerson(own, 'target@example.com', password);
      const attempt = async (secret: string): Promise<Response> =>
        own.request('/api/v1/login/password', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email: 'Target@Example.com', password: secret }),
        });
      const statuses = await Promise.all(Array.from({ length: 16 }, async () => (await attempt('wrong wrong wrong')).status));
      expect(statuses.filter((status) => status === 401)).to.have.length(10);
      expect(statuses.filter((status) => status === 429)).to.have.length(6);
      await own.stop('SIGKILL');
      await own.start();
      const late = await attempt(password);
      expect(late.status).to.equal(429);
      expect(Number(late.headers.get('retry-after'))).to.be.within(1, 900);
      const { items } = await (await own.admin())(api.audit.list, { query: { event: 'login.refused' } });
      expect(items.filter((event) => event.event === 'login.refused' && event.details.reason.startsWith('too many'))).to.have.length(1);
    } finally {
      await own.stop();
    }
  });

  it('row 28: a success takes its own count back, so people behind one address do not lock each other out', async () => {
    for (let round = 0; round < 12; round += 1) await server.login('timed@example.com', password);
  });

  for (const name of [
    'system:masters',
    'system',
    'infra',
    'infra:admin',
    'infra/platform',
    'system/masters',
    'okta/system:masters',
    '/platform',
    'Platform',
    'plat form',
    'platform\u202e',
    '..',
    '-x',
    'a'.repeat(64),
    '<b>x</b>',
    'x\u001b[31m',
  ]) {
    it(`row 17: no group or workload may be called ${JSON.stringify(name)}`, async () => {
      const admin = await server.admin();
      for (const endpoint of [api.groups.create, api.workloads.create] as const) {
        expect((await refusal(admin(endpoint, { body: { name } }))).problem.code).to.equal('request.invalid');
      }
    });
  }

  it('row 17: a name with a slash is a provider’s group and never a local one; without that provider it is nothing', async () => {
    const admin = await server.admin();
    const body = { name: 'okta/platform' };
    expect((await refusal(admin(api.groups.create, { body }))).problem.code).to.equal('provider.not-found');
    expect((await refusal(admin(api.workloads.create, { body }))).problem.code).to.equal('request.invalid');
  });

  for (const email of [
    'system:admin',
    'a@b@c.de',
    'ana@example.com,eve@example.com',
    'ana @example.com',
    'ana@example',
    'ana@example.com\n',
    '"ana"@example.com',
    'ana\u0000@example.com',
    'ana\u202e@example.com',
    'group:x@example.com',
    'infra:x@example.com',
  ]) {
    it(`row 16: ${JSON.stringify(email)} is no account name`, async () => {
      const attempt = (await server.admin())(api.users.create, { body: { email, password } });
      // White space around an email is a slip of the keyboard and is taken off, on every path alike.
      if (email.trim() !== email) await attempt.then(({ user }) => expect(user.email).to.equal(email.trim()));
      else expect((await refusal(attempt)).problem.code).to.equal('request.invalid');
    });
  }

  it('row 16: case and width make no second account', async () => {
    const admin = await server.admin();
    await admin(api.users.create, { body: { email: 'lookalike@example.com', password } });
    for (const email of ['LOOKALIKE@example.com', 'lookalike@EXAMPLE.com', 'ｌookalike@example.com']) {
      expect((await refusal(admin(api.users.create, { body: { email, password } }))).problem.code, email).to.equal('identity.duplicate');
    }
  });
});
