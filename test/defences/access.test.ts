/** Who may do what: leases, identities and grants that are not alive, what is kept for a cluster-admin, a server out of reach, a record that cannot be kept. */
import { expect } from 'chai';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { GrantWish } from '../connector/fake-server.ts';
import { until } from '../connector/running-connector.ts';
import { brokenIf, cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { guarded, requestOf, type PersonWish, type Shown, type Stage } from './stage.ts';

const cut = cutIn('proxy/access-rules.js');
const guard = cutIn('proxy/guarded-rules.js');
const gate = cutIn('proxy/gate.js');

const get = requestOf('GET /api/v1/namespaces/team-a/pods/MARKER');
const asking = (wish: PersonWish, bytes = get): Attack => ({
  on: async (stage) => brokenIf((await stage.attempt(await stage.person(wish), bytes)) !== undefined),
});
const showing = (make: (stage: Stage) => Promise<Shown>): Attack => ({
  on: async (stage) => brokenIf((await stage.attempt(await make(stage), get)) !== undefined),
});
const teamB: readonly GrantWish[] = [{ role: 'edit', namespace: 'team-b' }];
const unasked = cutIn('proxy/proven-rules.js')('endWithProof({ until: grant.until, mfaSeconds }, mfaAt)', "'9999-01-01T00:00:00.000Z'");
const past = { role: 'view', until: Date.now() - 60_000 };

/** The server is away and was last heard then, and has set its lowest limit of a minute. */
async function loseServer({ server, connector, enforced }: Stage, lastHeard: number): Promise<void> {
  server.settings = { ...server.settings, stalenessLimitSeconds: 60 };
  server.change(server.destinationId);
  await enforced();
  await connector.kill('SIGTERM');
  await server.stop();
  const file = join(connector.stateDir, 'last-contact.json');
  const contact = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...contact, lastContact: lastHeard }));
  await connector.start();
}

const serverAway: Attack = {
  isLast: true,
  on: async (stage) => {
    const shown = await stage.person();
    await loseServer(stage, Date.now() - 61_000);
    return brokenIf((await stage.attempt(shown, get)) !== undefined);
  },
};

const streamWhileAway: Attack = {
  isLast: true,
  on: async (stage) => {
    stage.answer('/watched', (_request, response) => response.writeHead(200).flushHeaders());
    const shown = await stage.person();
    // Time enough to start and to open the watch before the minute is over.
    const lastHeard = Date.now() - 53_000;
    await loseServer(stage, lastHeard);
    const watch = await stage.connector.watch(shown, '/api/v1/watched?watch=true');
    expect(watch.status).to.equal(200);
    await delay(lastHeard + 60_500 - Date.now());
    return stage.stays(() => watch.closedAt !== undefined);
  },
};

/** The folder of the record is gone, and the connector knows. */
async function loseRecord({ connector, send, person }: Stage): Promise<void> {
  rmSync(join(connector.stateDir, 'audit'), { recursive: true });
  const shown = await person();
  await until(async () => {
    await send(shown, get);
    return connector.output.includes('access log lines cannot be kept');
  }, 'the record to fail');
}

const unrecorded: Attack = {
  isLast: true,
  on: async (stage) => {
    await loseRecord(stage);
    return brokenIf((await stage.attempt(await stage.person(), get)) !== undefined);
  },
};

const unrecordedStream: Attack = {
  isLast: true,
  on: async (stage) => {
    stage.answer('/watched', (_request, response) => response.writeHead(200).flushHeaders());
    const watch = await stage.connector.watch(await stage.person(), '/api/v1/watched?watch=true');
    await loseRecord(stage);
    return stage.stays(() => watch.closedAt !== undefined);
  },
};

const closeWhenStale = gate('this.#staleAt())\n            return this.closeAll(', 'Infinity)\n            return this.closeAll(');
const inOwn = (line: string): Attack => asking({ grants: [{ role: 'edit' }] }, requestOf(line));

const defences: readonly Defence[] = [
  {
    name: 'a revoked lease opens nothing',
    row: 11,
    cut: cut("if (lease.status === 'revoked')", 'if (false)'),
    attack: showing(async ({ person, server }) => {
      const shown = await person();
      server.revokeLease(shown.leaseId);
      return shown;
    }),
  },
  {
    name: 'a session that has ended opens nothing',
    row: 11,
    cut: cut('if (fromTime(lease.sessionExpiresAt) <= now)', 'if (false)'),
    attack: showing(async ({ person, server }) => server.issue((await person()).identityId, { sessionLifetime: -1000 })),
  },
  {
    name: 'a disabled identity gets nowhere',
    row: 11,
    cut: cut("if (rights.identity.status !== 'active')", 'if (false)'),
    attack: asking({ status: 'disabled' }),
  },
  {
    name: 'without a grant for a namespace nothing is asked there',
    row: 37,
    cut: cut("(scope.namespace === '' && rights.identity.grants.some", '(rights.identity.grants.some'),
    attack: asking({ grants: teamB }),
  },
  {
    name: 'grants of one namespace are not lent in another',
    row: 37,
    cut: cut('(rights.byNamespace.get(scope.namespace) ?? [])', 'rights.identity.grants'),
    attack: asking({ grants: teamB }),
  },
  {
    name: 'a grant that asks for a second factor is none without a proof',
    row: 41,
    cut: unasked,
    attack: asking({ grants: [], asking: [{ role: 'view', mfaSeconds: 60 }] }),
  },
  {
    name: 'a grant that asks for a second factor is none with an old proof',
    row: 41,
    cut: unasked,
    attack: asking({ grants: [], asking: [{ role: 'view', mfaSeconds: 60 }], mfaAt: Date.now() - 61_000 }),
  },
  {
    name: 'a grant that has ended is none',
    row: 11,
    cut: cut('grant.until === null || fromTime(grant.until) > now;', 'true;'),
    attack: asking({ grants: [past] }),
  },
  {
    name: "no token of a service account is minted without a cluster-admin's grant",
    row: 36,
    cut: guard("if (scope.resource === 'serviceaccounts' &&", 'if (false &&'),
    attack: inOwn('POST /api/v1/namespaces/team-a/serviceaccounts/default/token?MARKER'),
  },
  {
    name: 'secrets of all namespaces are not listed',
    row: 36,
    cut: guard("if (scope.namespace === '' &&", 'if (false &&'),
    attack: inOwn('GET /api/v1/secrets?MARKER'),
  },
  {
    name: "the connector's own namespace is shut",
    row: 36,
    cut: guard('return isHarmless ? undefined :', 'return true ? undefined :'),
    attack: inOwn(`GET /api/v1/namespaces/${guarded.namespace}/secrets/MARKER`),
  },
  {
    name: 'only a cluster-wide cluster-admin grant opens it',
    row: 36,
    cut: cut(
      "clusterWide.some((grant) => grant.role === 'cluster-admin')",
      "question.rights.identity.grants.some((grant) => grant.role === 'cluster-admin')",
    ),
    attack: asking(
      { grants: [{ role: 'cluster-admin', namespace: guarded.namespace }] },
      requestOf(`GET /api/v1/namespaces/${guarded.namespace}/secrets/MARKER`),
    ),
  },
  {
    name: 'nobody is let in when the server was away for too long',
    row: 11,
    cut: gate('#verdict(decision) {\n        if (this.#options.now() >= this.#staleAt())', '#verdict(decision) {\n        if (false)'),
    behind: [closeWhenStale],
    attack: serverAway,
  },
  {
    name: 'streams end when the server was away for too long',
    row: 12,
    cut: closeWhenStale,
    attack: streamWhileAway,
  },
  {
    name: 'what cannot be recorded is refused',
    row: 35,
    cut: cutIn('proxy/access-log.js')('!options.isRequired() || options.sink.canTake()', 'true'),
    attack: unrecorded,
  },
  {
    name: 'streams end when the record can no longer be kept',
    row: 35,
    cut: cutIn('compose-guard.js')("if (mode() === 'required')\n                endAll", 'if (false)\n                endAll'),
    attack: unrecordedStream,
  },
];

describeDefences('access', defences);
