/** A program built on client-go, as controllers and tools are: what comes of each of its parts is the same, straight and through infra. */
import { expect } from 'chai';
import { obtainClient } from '../../scripts/kubernetes/obtain-client.ts';
import { runPod } from '../support/pod.ts';
import { bothWays } from './both-ways.ts';
import { withoutDifferences } from './differences.ts';
import type { Way } from './way.ts';

interface PartOutcome {
  readonly result?: unknown;
  readonly error?: string;
}

type Outcomes = Readonly<Record<string, PartOutcome | undefined>>;

// Here and not in a hook, whose time is bounded: it may have to be built.
const programs = [await obtainClient('client-go')];

/** Those of test/clients/go/main.go, but for `protocol`. */
const parts = {
  typed: 'creates, updates, lists and deletes objects, and hears conflicts',
  dynamic: 'does the same without types',
  pages: 'lists in pages',
  patches: 'patches in three ways',
  'server-side': 'applies on the server, hears of a conflict, and forces',
  informer: 'is informed of what is there, what is added, changed and deleted, and of it all again',
  'leader election': 'elects a leader by a Lease, and another when the first gives up',
  discovery: 'discovers resources and maps kinds to them',
  parallel: 'asks fifty things at once',
  exec: 'runs commands over WebSocket, SPDY and either',
  logs: 'reads and follows logs',
  'port-forward': 'forwards ports over WebSocket and SPDY',
};

describe('fidelity: client-go', function () {
  this.timeout(60_000);
  const ways = bothWays({ name: 'fid-go', programs });
  let straight: Outcomes;
  let throughInfra: Outcomes;

  before(async () => {
    const prepared = ways.prepared();
    const script = 'for word in one two three; do echo $word; done; mkdir /www; echo page >/www/index.html; httpd -f -p 8080 -h /www';
    for (const way of [prepared.straight, prepared.admin])
      await runPod(prepared.guarded.admin, { namespace: way.names.namespace, name: 'worker', script });
    [straight, throughInfra] = await Promise.all([runClient(prepared.straight), runClient(prepared.throughInfra)]);
  });

  for (const [part, does] of Object.entries(parts))
    it(does, () => {
      expect(straight[part]?.error).to.equal(undefined);
      expect(straight[part]?.result).to.not.equal(undefined);
      expect(throughInfra[part]).to.deep.equal(straight[part]);
    });

  it('has no other part than these', () => {
    expect(Object.keys(throughInfra).sort()).to.deep.equal([...Object.keys(parts), 'protocol'].sort());
  });

  it('speaks HTTP/2 both ways', () => {
    expect(straight['protocol']).to.deep.equal({ result: 'HTTP/2.0' });
    expect(throughInfra['protocol']).to.deep.equal({ result: 'HTTP/2.0' });
  });
});

async function runClient(way: Way): Promise<Outcomes> {
  const { code, stdout, stderr } = await way.run({ line: 'client-go --kubeconfig=$KUBECONFIG --namespace=$NS --pod=worker' });
  if (code !== 0) throw new Error(`client-go ended with ${code}: ${stderr}`);
  // Written by test/clients/go/main.go.
  return JSON.parse(withoutDifferences(stdout, way.names)) as Outcomes;
}
