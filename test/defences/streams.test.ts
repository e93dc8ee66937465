/** What is under way when its right is taken away or ends: it must hear nothing more. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Credential } from '../connector/fake-server.ts';
import { until } from '../connector/running-connector.ts';
import { openHttp2 } from '../support/http2-client.ts';
import { cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { newMarker, requestOf, type Stage } from './stage.ts';

const gate = cutIn('proxy/gate.js');

interface Ticks {
  readonly heard: () => string;
  readonly stop: () => void;
}
type Open = (stage: Stage, credential: Credential) => Promise<Ticks>;

const tickMilliseconds = 50;

function tick(target: ServerResponse | Duplex): void {
  const timer = setInterval(() => target.write('tick '), tickMilliseconds);
  target.on('close', () => clearInterval(timer));
}

const tickOnWatch = (stage: Stage): void => stage.answer('/ticks', (_request, response) => tick(response.writeHead(200)));

const watch: Open = async (stage, credential) => {
  tickOnWatch(stage);
  const open = await stage.connector.watch(credential, '/api/v1/namespaces/team-a/ticks?watch=true');
  return { heard: () => open.text, stop: () => open.abort() };
};

const watchOverHttp2: Open = async (stage, credential) => {
  tickOnWatch(stage);
  const { session } = await openHttp2(stage.connector.tls(credential));
  let text = '';
  const stream = session.request({ ':path': '/api/v1/namespaces/team-a/ticks?watch=true' });
  stream.on('error', () => undefined).on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { heard: () => text, stop: () => session.destroy() };
};

const exec: Open = async (stage, credential) => {
  stage.onUpgrade((_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    tick(socket);
  });
  const socket = await stage.connector.connect(credential);
  let text = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write(requestOf('GET /api/v1/namespaces/team-a/pods/x/exec', 'Connection: Upgrade', 'Upgrade: websocket'));
  return { heard: () => text, stop: () => socket.destroy() };
};

/** Broken when ticks still come after `end` is in force. */
const outliving = (
  open: Open,
  person: (stage: Stage) => Promise<Credential>,
  end: (stage: Stage, credential: Credential) => Promise<void>,
): Attack => ({
  on: async (stage) => {
    const credential = await person(stage);
    const { heard, stop } = await open(stage, credential);
    await until(() => heard().includes('tick'), 'the first tick');
    await end(stage, credential);
    // What was on its way.
    await delay(tickMilliseconds * 2);
    const before = heard().length;
    const verdict = await stage.succeeds(() => heard().length > before + 'tick tick '.length);
    stop();
    return verdict;
  },
});

const viewer = async ({ person }: Stage): Promise<Credential> => person({ grants: [{ role: 'view', namespace: 'team-a' }] });
const losing = async ({ server, enforced }: Stage, { identityId }: Credential): Promise<void> => {
  server.setGrants(identityId, []);
  await enforced();
};
const lifetime = 1000;
const passing = async (): Promise<void> => delay(lifetime + 300);

const registered = cutIn('proxy/kube-proxy.js')('gate.open(this.#open);', '');
const timer = gate('this.#wakeAt(Math.min(request.until, this.#staleAt()));', '');

const takenBack = 100;
/**
 * Broken when most of what was asked and taken back in one breath is done all the same; what set out at once may have been. A client whose socket
 * is slow takes back what it has not sent yet, and nothing is asked at all: so it is tried again and again.
 */
const givenUp: Attack = {
  on: async (stage) => {
    const marker = newMarker();
    const tls = stage.connector.tls(await stage.person());
    const attempt = async (): Promise<void> => {
      const { session } = await openHttp2(tls);
      for (let index = 0; index < takenBack; index += 1) {
        const stream = session.request({ ':path': `/api/v1/namespaces/team-a/pods/${marker}` });
        stream.on('error', () => undefined).close(constants.NGHTTP2_CANCEL);
      }
      await delay(tickMilliseconds * 6);
      session.destroy();
    };
    const decided = new AbortController();
    const attempts = (async () => {
      while (!decided.signal.aborted) await attempt();
    })();
    const verdict = await stage.succeeds(() => stage.seen.filter(({ url }) => url?.includes(marker) === true).length > takenBack / 2);
    decided.abort();
    await attempts;
    return verdict;
  },
};

const defences: readonly Defence[] = [
  {
    name: 'what waits for its turn and is given up, or ended, does not reach the cluster',
    row: 12,
    cut: cutIn('proxy/kube-proxy.js')('if (!this.#isOver)', 'if (true)'),
    attack: givenUp,
  },
  {
    name: 'a change ends what it takes the right from',
    row: 12,
    cut: gate('return this.#reconsider(affected);', 'return 0;'),
    attack: outliving(watch, viewer, losing),
  },
  { name: 'every request under way is known to the gate', row: 12, cut: registered, attack: outliving(watch, viewer, losing) },
  { name: 'every request under way over HTTP/2 is, too', row: 12, cut: registered, attack: outliving(watchOverHttp2, viewer, losing) },
  {
    name: 'every upgrade is known to the gate',
    row: 12,
    cut: cutIn('proxy/upgrade-proxy.js')('gate.open(open);', ''),
    attack: outliving(exec, viewer, losing),
  },
  {
    name: 'a watch that is ended is ended towards the client',
    row: 12,
    cut: cutIn('proxy/kube-proxy.js')('this.#abort();\n        exchange.refuse(', 'void ('),
    attack: outliving(watch, viewer, losing),
  },
  {
    name: 'a session that is ended is ended towards the client and the cluster',
    row: 12,
    cut: cutIn('proxy/upgrade-proxy.js')('outgoing.destroy();\n        turnAway(refusal);', ''),
    attack: outliving(exec, viewer, losing),
  },
  {
    name: 'a revoked lease ends what was opened with it',
    row: 12,
    cut: cutIn('proxy/access-rules.js')("if (lease.status === 'revoked')", 'if (false)'),
    attack: outliving(watch, viewer, async ({ server, enforced }, { leaseId }) => {
      server.revokeLease(leaseId);
      await enforced();
    }),
  },
  {
    name: 'one lost role of two is enough to end it',
    row: 12,
    cut: cutIn('proxy/access-rules.js')('lent.groups.every((group) => groups.has(group))', 'true'),
    attack: outliving(
      watch,
      async ({ person }) =>
        person({
          grants: [
            { role: 'view', namespace: 'team-a' },
            { role: 'edit', namespace: 'team-a' },
          ],
        }),
      async ({ server, enforced }, { identityId }) => {
        server.setGrants(identityId, [{ role: 'view', namespace: 'team-a' }]);
        await enforced();
      },
    ),
  },
  {
    name: 'a grant that ends takes its streams with it',
    row: 11,
    cut: timer,
    attack: outliving(watch, async ({ person }) => person({ grants: [{ role: 'view', until: Date.now() + lifetime }] }), passing),
  },
  {
    name: 'a session that ends takes its streams with it',
    row: 11,
    cut: timer,
    attack: outliving(
      exec,
      async ({ person, server }) => server.issue((await person()).identityId, { sessionLifetime: lifetime }),
      passing,
    ),
  },
];

describeDefences('streams', defences);
