/** The admin's commands against the real server: names as people type them, every format, every exit code. */
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Destination } from '../../shared/api/destinations.ts';
import { api } from '../../shared/api/index.ts';
import { auditEventId, identityId } from '../../shared/api/values.ts';
import { newId } from '../../shared/id.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { reportedDestination, type ReportedDestination } from './reported-destination.ts';
import { loginScript, scriptedIds, scriptedServer } from './scripted-server.ts';

describe('administration by infra', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let prod: ReportedDestination;
  let admin: Terminal;
  let person: Terminal;

  before(async () => {
    server = await startServer();
    prod = await reportedDestination(server, 'prod');
    admin = newTerminal();
    await loginWithPassword(admin, server, { email: adminEmail, password: adminPassword });
    const { password } = await newPerson(server, 'plain@example.com');
    person = newTerminal();
    await loginWithPassword(person, server, { email: 'plain@example.com', password });
  });
  after(async () => server.stop());

  const json = async <T>(...args: readonly string[]): Promise<T> => {
    const { code, stdout, stderr } = await admin.infra([...args, '--format', 'json']);
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  };
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await admin.infra(args);
    expect(code, `${args.join(' ')}: ${stderr}`).to.equal(0);
    return stdout + stderr;
  };

  it('users: added with a password or a one-time one, listed, shown, disabled, enabled, reset, removed', async () => {
    const added = await json<{ oneTimePassword: string; user: { id: string } }>('users', 'add', 'ada@example.com');
    expect(added.oneTimePassword).to.be.a('string');
    const withPassword = await admin.infra(['users', 'add', 'bob@example.com', '--password-stdin'], 'a lantern in the harbour\n');
    expect(withPassword.stdout).to.not.include('one-time');
    expect(await ok('users', 'list')).to.match(/EMAIL +STATUS[\s\S]*ada@example\.com +active +one-time/);
    expect(await ok('users', 'show', 'ADA@example.com')).to.include(added.user.id);
    await ok('users', 'disable', 'ada@example.com');
    expect(await json<{ status: string }>('users', 'show', added.user.id)).to.include({ status: 'disabled' });
    expect((await json<{ email: string }[]>('users', 'list', '--status', 'disabled')).map(({ email }) => email)).to.deep.equal([
      'ada@example.com',
    ]);
    await ok('users', 'enable', 'ada@example.com');
    expect(await ok('users', 'reset-password', 'ada@example.com')).to.match(/one-time password: +\S+/);
    await ok('users', 'rm', 'ada@example.com');
    expect((await admin.infra(['users', 'show', 'ada@example.com'])).code).to.equal(5);
  });

  it('explain and who-can: the chain, what of it counts, and the remedy', async () => {
    const resource = `${prod.name}.web`;
    await newPerson(server, 'eli@example.com');
    await ok('groups', 'add', 'crew');
    await ok('groups', 'add-member', 'crew', 'eli@example.com');
    const none = await ok('explain', 'eli@example.com', 'view', resource);
    expect(none).to.include(
      `eli@example.com has no grant that gives view on ${resource}. Ask an admin for: infra grants add eli@example.com --role view ${resource}`,
    );
    await ok('grants', 'add', 'group:crew', '--role', 'edit', prod.name);
    const chain = await ok('explain', 'eli@example.com', 'view', resource);
    expect(chain)
      .to.match(/^PROVIDER +GROUP +GRANT/m)
      .and.match(/crew +grt_\S+ +edit +\S+ +- +- +yes +infra:edit@\*/);
    expect(chain).to.include(`eli@example.com holds view on ${resource}: edit on ${prod.name} through group crew.`);
    expect(chain).to.include('the cluster sees the user infra:eli@example.com');
    expect(await ok('who-can', 'view', resource)).to.match(/eli@example\.com +active +crew +edit/);
    expect(await ok('who-can', 'admin', 'infra')).to.include(adminEmail);
    await ok('users', 'disable', 'eli@example.com');
    expect(await ok('explain', 'eli@example.com', resource)).to.include(
      'is granted it, but is disabled; an admin may: infra users enable eli@example.com',
    );
    const own = await person.infra(['explain', 'plain@example.com', resource]);
    expect([own.code, own.stderr.includes('has no grant that gives anything')]).to.deep.equal([0, true]);
    const others = await person.infra(['explain', 'eli@example.com', resource]);
    expect([others.code, others.stderr.includes('need the role view on infra')]).to.deep.equal([4, true]);
    expect((await person.infra(['who-can', 'view', resource])).code).to.equal(4);
    expect((await admin.infra(['explain', 'nobody@example.com', resource])).code).to.equal(5);
    expect((await admin.infra(['explain', 'eli@example.com', 'nowhere'])).code).to.equal(5);
  });

  it('groups and workloads: members by email and workload:NAME', async () => {
    await ok('workloads', 'add', 'deploy');
    await ok('groups', 'add', 'platform');
    await ok('groups', 'add-member', 'platform', 'plain@example.com');
    await ok('groups', 'add-member', 'group:platform', 'workload:deploy');
    expect((await json<{ members: { name: string }[] }>('groups', 'show', 'platform')).members.map(({ name }) => name)).to.have.members([
      'plain@example.com',
      'deploy',
    ]);
    await ok('groups', 'remove-member', 'platform', 'workload:deploy');
    expect(await ok('groups', 'list')).to.match(/platform +local +1/);
    await ok('groups', 'remove', 'platform');
    expect(await ok('workloads', 'ls')).to.include('deploy');
    await ok('workloads', 'remove', 'workload:deploy');
    expect(await json('workloads', 'list')).to.deep.equal([]);
  });

  it('grants: added with an end, listed by any filter, shown, removed as they were added', async () => {
    const before = Date.now();
    const grant = await json<{ id: string; until: string }>(
      'grants',
      'add',
      'plain@example.com',
      '--role',
      'view',
      'prod.web',
      '--for',
      '1h30m',
      '--reason',
      'on call',
    );
    expect(Date.parse(grant.until) - before).to.be.within(5_400_000, 5_460_000);
    expect(await ok('grants', 'show', grant.id)).to.match(/reason: +on call/);
    for (const filter of [
      ['--subject', 'plain@example.com'],
      ['--resource', 'prod.web'],
      ['--destination', 'prod'],
      ['--role', 'view'],
    ])
      expect(
        (await json<{ id: string }[]>('grants', 'list', ...filter)).map(({ id }) => id),
        filter.join(' '),
      ).to.include(grant.id);
    expect((await admin.infra(['grants', 'remove', 'plain@example.com', '--role', 'edit', 'prod.web'])).code).to.equal(5);
    await ok('grants', 'remove', 'plain@example.com', '--role', 'view', 'prod.web');
    expect(await json('grants', 'list', '--subject', 'plain@example.com')).to.deep.equal([]);
  });

  it('grants to act as somebody: added, shown to admin and person, refused with the way to write them', async () => {
    const role = 'impersonate:serviceaccount:web/deployer';
    expect(await ok('grants', 'add', 'plain@example.com', '--role', role, 'prod.web')).to.match(
      /role: +impersonate:serviceaccount:web\/deployer/,
    );
    expect(await ok('grants', 'list', '--role', role)).to.match(/plain@example\.com +impersonate:serviceaccount:web\/deployer +prod\.web/);
    expect((await person.infra(['list'])).stdout).to.match(/prod +impersonate:serviceaccount:web\/deployer +prod\.web/);
    await ok('grants', 'remove', 'plain@example.com', '--role', role, 'prod.web');
    const { code, stderr } = await admin.infra(['grants', 'add', 'plain@example.com', '--role', 'impersonate:user', 'prod']);
    expect(code).to.not.equal(0);
    expect(stderr).to.match(/role: must be impersonate:user:NAME, impersonate:group:NAME or impersonate:serviceaccount:NAMESPACE\/NAME/);
  });

  it('the audit log shows who acted, and as whom', async () => {
    const { items } = await (await server.admin())(api.users.list, { query: { email: 'plain@example.com' } });
    const request = {
      at: new Date().toISOString(),
      phase: 'completed' as const,
      identityId: identityId.parse(items[0]?.id),
      leaseId: null,
      ...{ impersonatedUser: 'bob', impersonatedGroups: ['developers'], asked: { user: 'bob', groups: ['developers'] } },
      ...{ verb: 'list', path: '/api/v1/pods', apiGroup: '', resource: 'pods', subresource: '', namespace: '', name: '', status: 200 },
      ...{ durationMilliseconds: 1, reason: '', sourceAddress: '', userAgent: '' },
    };
    const events = [{ ...request, id: auditEventId.parse(newId('auditEvent', Date.now())) }];
    await prod.asConnector(api.connectors.uploadAudit, { body: { replica: 'one', events } });
    expect(await ok('audit', 'list', '--event', 'request.completed')).to.match(
      /plain@example\.com +request\.completed +success +prod +list \/api\/v1\/pods 200 as bob, group:developers/,
    );
  });

  it('destinations: the join token and how to use it; a further token', async () => {
    const added = await admin.infra(['destinations', 'add', 'staging']);
    expect(added.stdout).to.match(/join token: +infra_join_dst_/);
    expect(added.stderr).to.include(`infra-connector --server ${server.url} --token-file FILE`);
    expect((await json<{ joinToken: string }>('destinations', 'token', 'staging')).joinToken).to.match(/^infra_join_/);
    expect(await ok('destinations', 'list')).to.match(/staging +kubernetes +- +none/);
    expect(await ok('destinations', 'show', 'staging')).to.match(/staleness limit: +1h/);
    await ok('destinations', 'change', 'staging', '--lease-life', '15m', '--staleness-limit', '10m', '--audit', 'bestEffort');
    expect(await ok('destinations', 'show', 'staging')).to.match(/lease life: +15m[^]*staleness limit: +10m[^]*audit: +bestEffort/);
    await ok('destinations', 'change', 'staging', '--lease-life', 'default', '--user-prefix', 'corp:');
    expect(await ok('destinations', 'show', 'staging')).to.match(/lease life: +as the server sets[^]*user prefix: +corp:/);
    for (const options of [[], ['--lease-life', 'long'], ['--staleness-limit', '0'], ['--audit', 'maybe']])
      expect((await admin.infra(['destinations', 'change', 'staging', ...options])).code, options.join(' ')).to.equal(2);
    const tooShort = await admin.infra(['destinations', 'change', 'staging', '--lease-life', '10s']);
    expect(tooShort.stderr).to.include('must be 5 minutes at least');
    await ok('destinations', 'remove', 'staging');
    expect((await admin.infra(['destinations', 'show', 'staging'])).code).to.equal(5);
  });

  it('destinations show: each connector, when it was heard last, and from when on it refuses', async () => {
    const quiet = await ok('destinations', 'show', 'prod');
    expect(quiet)
      .to.match(/staleness limit: +1h/)
      .and.match(new RegExp(`connector: +${prod.connectorId}\n *version: +0\n`))
      .and.match(/last heard: +20\S+Z/)
      .and.match(/staleness: +fresh until 20\S+Z; every request is refused from then on/)
      .and.match(/applied revision: +-/);
    const shown = await json<Destination>('destinations', 'show', 'prod');
    const [connector] = shown.connectors;
    expect(connector?.stale).to.equal(false);
    expect(Date.parse(connector?.refusesFrom ?? '') - Date.parse(connector?.lastSeenAt ?? connector?.enrolledAt ?? '')).to.equal(3_600_000);
  });

  it('destinations show: a connector past the staleness limit is called stale, with the time since when it refuses', async () => {
    const double = await scriptedServer(loginScript());
    const terminal = newTerminal();
    await terminal.infra(['login', double.url, '--ca', double.caFile, '--user', 'ana@example.com', '--password-stdin'], 'x\n');
    const destination = await json<Destination>('destinations', 'show', 'prod');
    const connectors = destination.connectors.map((each) => ({
      ...each,
      lastSeenAt: null,
      stale: true,
      refusesFrom: '2026-01-02T03:04:05.000Z',
    }));
    double.answer({ [`GET /api/v1/destinations/${prod.id}`]: { body: { ...destination, connectors } } });
    const { code, stdout, stderr } = await terminal.infra(['destinations', 'show', prod.id]);
    expect(code, stderr).to.equal(0);
    expect(stdout)
      .to.match(/last heard: +never/)
      .and.match(/staleness: +stale: every request is refused since 2026-01-02T03:04:05\.000Z/);
    await double.close();
  });

  it('keys: for oneself and for a workload, shown once', async () => {
    await ok('workloads', 'add', 'ci');
    const made = await json<{ secret: string; accessKey: { id: string } }>(
      'keys',
      'add',
      'nightly',
      '--for',
      'workload:ci',
      '--expires-in',
      '2d',
      '--idle',
      '12h',
    );
    expect(await ok('keys', 'list', '--of', 'workload:ci'))
      .to.match(/nightly +ci +\S+ +12h/)
      .and.not.include(made.secret);
    await ok('keys', 'remove', made.accessKey.id);
    await ok('keys', 'add', 'mine');
    await ok('keys', 'remove', 'mine');
    expect(await json('keys', 'list', '--all')).to.deep.equal([]);
  });

  it('sessions: all others of mine end with one word, this one and other people’s stay', async () => {
    const { password } = await newPerson(server, 'two@example.com');
    const [here, there] = [newTerminal(), newTerminal()];
    for (const each of [here, there]) await loginWithPassword(each, server, { email: 'two@example.com', password });
    expect((await here.infra(['sessions', 'revoke'])).code).to.equal(2);
    const ended = await here.infra(['sessions', 'revoke', '--others']);
    expect([ended.code, ended.stdout + ended.stderr], ended.stderr).to.satisfy(
      ([code, words]: [number, string]) => code === 0 && /ended: [1-9]\d* sessions?/.test(words),
    );
    expect((await here.infra(['whoami'])).code).to.equal(0);
    expect((await there.infra(['whoami'])).code).to.equal(3);
    expect((await person.infra(['whoami'])).code).to.equal(0);
  });

  it('sessions, leases and the audit log are listed by whose they are', async () => {
    expect(await ok('sessions', 'list', '--of', 'plain@example.com')).to.match(/ses_\w+ +plain@example\.com +password/);
    expect((await json<unknown[]>('sessions', 'list', '--all')).length).to.be.at.least(2);
    expect(await json('leases', 'list', '--all', '--destination', 'prod')).to.deep.equal([]);
    const events = await json<{ event: string; actor: { name: string } }[]>(
      'audit',
      'list',
      '--event',
      'user',
      '--actor',
      adminEmail,
      '--since',
      '1h',
      '--limit',
      '3',
    );
    expect(events).to.have.length(3);
    for (const { event } of events) expect(event).to.match(/^user\./);
    expect(await ok('audit', 'list', '--event', 'grant.added')).to.match(/grant\.added +success +\S+ +grant=grt_/);
  });

  it('answers in YAML as in JSON', async () => {
    const { stdout } = await admin.infra(['users', 'list', '--format', 'yaml']);
    expect(parse(stdout)).to.deep.equal(await json('users', 'list'));
  });

  it('says nothing but results with --quiet', async () => {
    const { code, stdout, stderr } = await admin.infra(['--quiet', 'groups', 'add', 'hush']);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.include('hush');
    expect(await admin.infra(['groups', 'remove', 'hush', '--quiet'])).to.deep.equal({ code: 0, stdout: '', stderr: '' });
  });

  for (const [args, code] of [
    [['users', 'list'], 4],
    [['grants', 'add', 'plain@example.com', '--role', 'cluster-admin', 'prod'], 4],
    [['destinations', 'remove', 'prod'], 4],
    [['revoke', adminEmail], 4],
    [['whoami'], 0],
    [['list'], 0],
    [['sessions', 'list'], 0],
    [['leases', 'show', 'lse_01234567890123456789abcdef'], 5],
    [['use', 'nowhere'], 5],
    [['leases', 'show', 'prod'], 2],
  ] as const)
    it(`ends with ${code} for someone without rights: infra ${args.join(' ')}`, async () => {
      const { code: ended, stderr } = await person.infra(args);
      expect(ended, stderr).to.equal(code);
    });

  describe('--wait', () => {
    const grantAgain = async (): Promise<string> => {
      const call = await server.admin();
      const { grant } = await call(api.grants.create, { body: { subject: 'plain@example.com', role: 'view', resource: 'prod' } });
      return grant.id;
    };

    it('says who has not enforced the change, until when at the latest and why, and exits 1', async () => {
      const { code, stdout, stderr } = await admin.infra(['grants', 'remove', await grantAgain(), '--wait', '--timeout', '1s']);
      expect(code).to.equal(1);
      expect(stdout).to.match(
        new RegExp(`^prod +${prod.connectorId} +pending, not later than \\d{4}-.*Z because the connector was (?:last|never) heard of`),
      );
      expect(stderr).to.include('1 of 1 not enforced after 1 s');
    });

    it('says what was enforced, how fast, and what it closed', async () => {
      const id = await grantAgain();
      const removal = admin.infra(['grants', 'remove', id, '--wait', '--timeout', '20s']);
      const call = await server.admin();
      const progress = { isOver: false };
      void removal.then(() => (progress.isOver = true));
      for (let sequence = 1; !progress.isOver; sequence += 1) {
        const { epoch, revision } = await prod.asConnector(api.connectors.desiredState, { query: {} });
        await prod.asConnector(api.connectors.acknowledge, {
          body: { replica: 'one', sequence, epoch, revision, kind: 'enforced', streamsClosed: 1 },
        });
        await call(api.server.info, {});
      }
      const { code, stdout, stderr } = await removal;
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(new RegExp(`^prod +${prod.connectorId} +enforced in \\d+ ms, \\d+ streams? closed\\n$`));
    });

    it('gives the same to programs', async () => {
      const { code, stdout } = await admin
        .infra(['users', 'add', 'gone@example.com'])
        .then(async () => admin.infra(['users', 'remove', 'gone@example.com', '--wait', '--format', 'json']));
      expect(code).to.equal(0);
      expect(JSON.parse(stdout)).to.have.keys('revision', 'complete', 'acknowledgements');
    });

    it('takes a duration and nothing else', async () => {
      const { code } = await admin.infra(['revoke', 'plain@example.com', '--wait', '--timeout', 'soon']);
      expect(code).to.equal(2);
      expect((await person.infra(['whoami'])).code, 'nothing was revoked').to.equal(0);
    });
  });

  it('revoke: a session, or all of a person; the next command says how to come back', async () => {
    const { password } = await newPerson(server, 'out@example.com');
    const out = newTerminal();
    await loginWithPassword(out, server, { email: 'out@example.com', password });
    const [session] = await json<{ id: string }[]>('sessions', 'list', '--of', 'out@example.com');
    await ok('revoke', session?.id ?? '');
    await ok('revoke', 'out@example.com');
    const { code, stderr } = await out.infra(['list']);
    expect(code).to.equal(3);
    expect(stderr).to.include(`run: infra login ${server.url}`);
    await loginWithPassword(out, server, { email: 'out@example.com', password });
    expect((await out.infra(['revoke', 'out@example.com'])).code, 'oneself, without a right to list users').to.equal(0);
  });

  describe('with the server away', () => {
    it('exits 6 when the server is away, and says what to look at', async () => {
      await server.stop();
      for (const args of [['whoami'], ['users', 'list'], ['use', 'prod'], ['status']]) {
        const { code, stderr } = await admin.infra(args);
        expect(code, args.join(' ')).to.equal(6);
        expect(stderr).to.include('nothing listens at');
      }
    });
  });
});

describe('names from a hostile server in a table', () => {
  it('come out as visible escapes (security.md row 29)', async () => {
    const server = await scriptedServer(loginScript());
    const terminal = newTerminal();
    await terminal.infra(['login', server.url, '--ca', server.caFile, '--user', 'ana@example.com', '--password-stdin'], 'x\n');
    const nasty = 'eve\u001b[2J\u001b]0;owned\u0007\n\u202eroot';
    const user = {
      id: scriptedIds.user,
      email: nasty,
      status: 'active',
      password: 'set',
      createdAt: new Date().toISOString(),
      lastLoginAt: null,
      groups: [],
    };
    const problem = { type: 'about:blank', title: nasty, status: 409, code: 'grant.duplicate', detail: nasty };
    server.answer({
      'GET /api/v1/users': { body: { items: [user], nextCursor: null } },
      'GET /api/v1/groups': { status: 409, body: problem },
    });
    for (const args of [
      ['users', 'list'],
      ['users', 'list', '--format', 'json'],
      ['users', 'list', '--format', 'yaml'],
      ['groups', 'list'],
      ['groups', 'list', '--verbose'],
    ]) {
      const { stdout, stderr } = await terminal.infra(args);
      expect((stdout + stderr).replaceAll('\n', ''), args.join(' ')).to.not.match(/[\p{Cc}\p{Cf}]/u);
      expect(stdout + stderr).to.match(/eve(?:\\x1b|\\u001b|\\e)/);
    }
    await server.close();
  });
});
