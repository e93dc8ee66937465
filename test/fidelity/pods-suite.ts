/** What runs inside pods: the same output, bytes and exit codes, straight and through infra, over both protocols that kubectl speaks. */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'node:http';
import { startKubectl, type LongKubectl } from '../support/long-kubectl.ts';
import { runPod } from '../support/pod.ts';
import { waitFor } from '../support/wait-for.ts';
import { bothWays, type BothWays, type Row, type SuiteWish } from './both-ways.ts';
import { withoutDifferences } from './differences.ts';
import type { Way } from './way.ts';

const protocols = {
  WebSocket: {},
  SPDY: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' },
} as const;

/** Of a pod. */
export const image = '--image=localhost/busybox:1 --image-pull-policy=Never';
/** kubectl tells the size of its terminal a moment after the command has begun; `script` may show the end of its own input as ^@. */
const terminalLine = `script -qec 'stty rows 33 cols 77; kubectl exec -it worker -- sh -c "until stty size 2>/dev/null | grep -v ^0; do sleep 0.1; done"' /dev/null | sed 's/^\\^@//'`;

export function describePods(wish: SuiteWish): BothWays {
  const ways = bothWays(wish);

  before(async () => {
    const { straight, admin } = ways.prepared();
    // Says its piece, answers requests, and stays.
    const script = [
      'for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; done',
      'mkdir -p /www && echo page >/www/index.html && httpd -p 8080 -h /www',
      'nc -ll -p 7 -e cat',
    ].join('; ');
    const echo = 'while read -r line; do echo "heard $line"; done; echo "no more"; exit 4';
    await Promise.all(
      [straight, admin].flatMap((way) => {
        const asAdmin = async (...args: readonly string[]): Promise<string> => ways.prepared().guarded.admin(...args);
        const { namespace } = way.names;
        return [
          runPod(asAdmin, { namespace, name: 'worker', script }),
          runPod(asAdmin, { namespace, name: 'listener', script: echo, stdin: true }),
          runPod(asAdmin, { namespace, name: 'hearer', script: echo, stdin: true }),
        ];
      }),
    );
    const bytes = randomBytes(3_000_000);
    for (const way of [straight, ways.prepared().throughInfra]) {
      writeFileSync(join(way.names.folder, 'work', 'bytes'), bytes);
    }
  });

  describe('logs', () => {
    ways.rows([
      { line: 'kubectl logs worker' },
      { line: 'kubectl logs worker --tail=2 --prefix' },
      { line: 'kubectl logs worker --limit-bytes=9' },
      { line: 'kubectl logs -l run=worker --timestamps | wc -l' },
      { line: `kubectl run teller ${image} --restart=Never -- sh -c 'for i in 1 2 3; do echo $i; sleep 1; done'` },
      {
        line: 'kubectl wait --for=jsonpath={.status.containerStatuses[0].containerID} pod/teller --timeout=20s >/dev/null && kubectl logs -f teller',
      },
      { line: 'kubectl logs worker --previous', fails: true },
      { line: 'kubectl logs worker -c absent', fails: true },
      { line: 'kubectl logs absent', fails: true },
    ]);
  });

  describe('both protocols', () => {
    it('really speaks the protocols it names', async () => {
      for (const [protocol, env] of Object.entries(protocols)) {
        const { stderr } = await ways.prepared().throughInfra.run({ line: 'kubectl -v=8 exec worker -- true', env });
        const header = /Upgrade: ?\[?"?([A-Za-z0-9./]+)/i.exec(stderr)?.[1] ?? '';
        expect(header.toLowerCase()).to.equal(protocol === 'SPDY' ? 'spdy/3.1' : 'websocket');
      }
    });
  });

  for (const [protocol, env] of Object.entries(protocols)) {
    describe(protocol, () => {
      const inPod = `/tmp/${protocol}`;
      ways.rows(
        (
          [
            { line: 'kubectl exec worker -- echo out' },
            { line: 'kubectl exec -i worker -- sh -c "cat; echo to-stderr >&2"', input: 'typed in\nand more' },
            { line: 'kubectl exec worker -- sh -c "exit 7"', fails: true },
            { line: 'kubectl exec worker -- sh -c "kill -9 \\$\\$"', fails: true },
            { line: 'kubectl exec worker -- no-such-program', fails: true },
            { line: 'kubectl exec worker -c absent -- true', fails: true },
            { line: 'kubectl exec absent -- true', fails: true },
            { line: terminalLine },
            { line: 'kubectl exec worker -- sh -c "head -c 5000000 /dev/zero" | sha256sum' },
            { line: 'kubectl exec -i worker -- sha256sum <bytes' },
            // The end of input is passed on while output still goes on.
            { line: 'kubectl exec -i worker -- sh -c "cat | wc -c; echo after"', input: 'half a close' },
            { line: `kubectl cp bytes worker:${inPod} && kubectl exec worker -- sha256sum ${inPod}` },
            { line: `kubectl cp --retries=3 worker:${inPod} back-${protocol} && cmp bytes back-${protocol}` },
            // Whether kubectl still shows what tar said is up to chance.
            { line: `kubectl cp worker:/tmp/absent nothing-${protocol} >/dev/null 2>&1; ls nothing-${protocol}`, fails: true },
            { line: 'kubectl port-forward pod/worker :9 --address=nonsense', fails: true },
            { line: 'kubectl port-forward pod/absent :9', fails: true },
          ] satisfies readonly Row[]
        ).map((row) => ({ ...row, env })),
      );

      const attached = protocol === 'SPDY' ? 'hearer' : 'listener';
      it('attach hears the process, is heard, and ends with it', async () => {
        await ways.sameOf(async (way) => {
          const session = start(way, env, 'attach', '--quiet', '-i', attached);
          await waitFor(
            () => {
              session.write('hello\n');
              return session.stdout().includes('heard hello');
            },
            { within: 15, what: 'the attached process to answer' },
          );
          session.write('last\n');
          await waitFor(() => session.stdout().includes('heard last'), { within: 15, what: 'the last word' });
          session.closeInput();
          const code = await session.ended;
          return { code, lines: [...new Set(session.stdout().split('\n'))], stderr: withoutDifferences(session.stderr(), way.names) };
        });
      });

      it('port-forward answers at each of several ports', async () => {
        await ways.sameOf(async (way) => {
          const forward = start(way, env, 'port-forward', 'pod/worker', ':8080', ':7777');
          const ports = await waitFor(
            () => {
              const found = [...forward.stdout().matchAll(/127\.0\.0\.1:(\d+) -> (\d+)/g)].map(([, local]) => Number(local));
              return found.length === 2 ? found : undefined;
            },
            { within: 15, what: 'two ports' },
          );
          const pages = await Promise.all([1, 2, 3].map(async () => getPage(ports[0] ?? 0, '/')));
          // Nothing listens there: the connection ends, and kubectl says why and ends.
          const refused = await getPage(ports[1] ?? 0, '/').catch(() => 'refused');
          const code = await waitFor(async () => (forward.hasEnded() ? String(await forward.ended) : undefined), {
            within: 5,
            what: 'port-forward to end',
          }).catch(() => 'goes on');
          forward.kill();
          return { pages, refused, code, stderr: forward.stderr().match(/error forwarding port|lost connection/g) };
        });
      });
    });
  }

  describe('proxy', () => {
    it('kubectl proxy serves the API and the page of a pod', async () => {
      const paths = (way: Way): readonly string[] => {
        const inNamespace = `/api/v1/namespaces/${way.names.namespace}`;
        return [
          `${inNamespace}/pods/worker:8080/proxy/`,
          `${inNamespace}/pods/worker:8080/proxy/absent`,
          `${inNamespace}/pods/absent:1/proxy/`,
          '/healthz',
        ];
      };
      await ways.sameOf(async (way) => {
        const proxy = start(way, {}, 'proxy', '--port=0');
        const port = Number(await waitFor(() => /127\.0\.0\.1:(\d+)/.exec(proxy.stdout())?.[1], { within: 15, what: 'the port' }));
        const pages = await Promise.all(paths(way).map(async (path) => getPage(port, path)));
        proxy.kill();
        return pages;
      });
    });
  });

  return ways;

  function start(way: Way, env: Readonly<Record<string, string>>, ...args: readonly string[]): LongKubectl {
    return startKubectl({ ...way, env: { ...way.env, ...env } }, ...args);
  }
}

interface Page {
  readonly status: number | undefined;
  readonly body: string;
}

async function getPage(port: number, path: string): Promise<Page> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false, timeout: 10_000 }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      incoming.on('end', () => resolve({ status: incoming.statusCode, body })).on('error', reject);
    });
    outgoing
      .on('timeout', () => outgoing.destroy(new Error('no answer')))
      .on('error', reject)
      .end();
  });
}
