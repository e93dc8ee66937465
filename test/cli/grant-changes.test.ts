/** `infra grants change`: what stands gets another end, second factor or reason. */
import { expect } from 'chai';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { reportedDestination } from './reported-destination.ts';

describe('grants changed by infra', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Terminal;
  let person: Terminal;

  before(async () => {
    server = await startServer();
    await reportedDestination(server, 'prod');
    admin = newTerminal();
    await loginWithPassword(admin, server, { email: adminEmail, password: adminPassword });
    const { password } = await newPerson(server, 'plain@example.com');
    person = newTerminal();
    await loginWithPassword(person, server, { email: 'plain@example.com', password });
  });
  after(async () => server.stop());

  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await admin.infra(args);
    expect(code, `${args.join(' ')}: ${stderr}`).to.equal(0);
    return stdout;
  };
  const json = async <T>(...args: readonly string[]): Promise<T> => JSON.parse(await ok(...args, '--format', 'json')) as T;

  it('grants: changed while they stand; what is left out stays', async () => {
    const { id } = await json<{ id: string }>('grants', 'add', 'plain@example.com', '--role', 'edit', 'prod.web', '--for', '1h');
    const changed = await json<{ until: string | null; mfaSeconds: number | null; reason: string | null }>(
      ...['grants', 'change', id, '--no-end', '--mfa', '15m', '--reason', 'on call'],
    );
    expect(changed).to.include({ until: null, mfaSeconds: 900, reason: 'on call' });
    const before = Date.now();
    const again = await json<{ until: string; mfaSeconds: number | null; reason: string | null }>(
      ...['grants', 'change', id, '--for', '2h', '--mfa', 'none', '--reason', ''],
    );
    expect(Date.parse(again.until) - before).to.be.within(7_200_000, 7_260_000);
    expect(again).to.include({ mfaSeconds: null, reason: null });
    expect(await ok('grants', 'change', id, '--reason', 'why not')).to.match(/reason: +why not/);
    for (const [args, words] of [
      [[id], /say what to change: --until, --for, --no-end, --mfa or --reason/],
      [[id, '--no-end', '--for', '1h'], /--until, --for or --no-end, one of them/],
      [[id, '--mfa', 'soon'], /--mfa takes a duration from 1m to 24h/],
      [[id, '--until', '2020-01-01T00:00:00Z'], /until: is in the past/],
    ] as const) {
      const { code, stderr } = await admin.infra(['grants', 'change', ...args]);
      expect(code).to.not.equal(0);
      expect(stderr).to.match(words);
    }
    expect((await person.infra(['grants', 'change', id, '--no-end'])).code).to.equal(4);
    await ok('grants', 'remove', id);
  });
});
