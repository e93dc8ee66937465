/** Programs built on @kubernetes/client-node, with a kubeconfig as a person has it: the same outcomes straight and through infra. */
import {
  ApiException,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  Watch,
  type V1ConfigMap,
  type V1Status,
} from '@kubernetes/client-node';
import { expect } from 'chai';
import { PassThrough, Writable } from 'node:stream';
import { runPod } from '../support/pod.ts';
import { waitFor } from '../support/wait-for.ts';
import { bothWays } from './both-ways.ts';
import type { Way } from './way.ts';

interface Client {
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  readonly namespace: string;
}

describe('fidelity: client-node', function () {
  this.timeout(60_000);
  const ways = bothWays({ name: 'fid-node' });
  const same = async <T>(work: (client: Client) => Promise<T>): Promise<T> => ways.sameOf(async (way) => work(clientOf(way)));

  before(async () => {
    const { straight, admin, guarded } = ways.prepared();
    const script = 'for word in one two three; do echo $word; done; mkdir /www; echo page >/www/index.html; httpd -f -p 8080 -h /www';
    for (const way of [straight, admin]) await runPod(guarded.admin, { namespace: way.names.namespace, name: 'worker', script });
  });

  it('the kubeconfig of the way through infra has a credential plugin and nothing else to log in with', () => {
    const user = clientOf(ways.prepared().throughInfra).config.getCurrentUser();
    expect(Object.entries(user ?? {}).flatMap(([key, value]) => (value === undefined ? [] : [key]))).to.have.members(['name', 'exec']);
  });

  it('creates, reads, lists, replaces and deletes', async () => {
    const outcome = await same(async ({ core, namespace }) => {
      const created = await core.createNamespacedConfigMap({ namespace, body: configMap('written', '1') });
      const again = await refusal(core.createNamespacedConfigMap({ namespace, body: configMap('written', '1') }));
      const replaced = await core.replaceNamespacedConfigMap({
        namespace,
        name: 'written',
        body: { metadata: created.metadata ?? {}, data: { n: '2' } },
      });
      const stale = await refusal(core.replaceNamespacedConfigMap({ namespace, name: 'written', body: created }));
      const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: 'name=written' });
      const deleted = await core.deleteNamespacedConfigMap({ namespace, name: 'written' });
      const gone = await refusal(core.readNamespacedConfigMap({ namespace, name: 'written' }));
      return { data: replaced.data, listed: items.map(({ data }) => data), deleted: deleted.status, refused: [again, stale, gone] };
    });
    expect(outcome.refused).to.deep.equal(['409 AlreadyExists', '409 Conflict', '404 NotFound']);
  });

  it('patches', async () => {
    const data = await same(async ({ core, namespace }) => {
      await core.createNamespacedConfigMap({ namespace, body: configMap('patched', '1') });
      const patch = async (strategy: PatchStrategy, body: unknown, force?: true): Promise<V1ConfigMap> =>
        core.patchNamespacedConfigMap(
          { namespace, name: 'patched', body, fieldManager: 'tests', ...(force === undefined ? {} : { force }) },
          setHeaderOptions('Content-Type', strategy),
        );
      await patch(PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/json', value: '1' }]);
      await patch(PatchStrategy.MergePatch, { data: { merge: '1' } });
      await patch(PatchStrategy.StrategicMergePatch, { data: { strategic: '1' } });
      const applied = await patch(
        PatchStrategy.ServerSideApply,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { n: '2' } },
        true,
      );
      return applied.data;
    });
    expect(data).to.deep.equal({ n: '2', json: '1', merge: '1', strategic: '1' });
  });

  it('watches', async () => {
    const seen = await same(async ({ config, core, namespace }) => {
      const events: string[] = [];
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const note = (phase: string, { data }: V1ConfigMap): void => void events.push(`${phase} n=${data?.['n'] ?? ''}`);
      const watch = await new Watch(config).watch(path, { labelSelector: 'name=watched' }, note, () => events.push('over'));
      await change(core, { namespace, name: 'watched', until: (count) => events.length >= count });
      watch.abort();
      await waitFor(() => events.includes('over'), { within: 10, what: 'the watch to end' });
      return events;
    });
    expect(seen).to.deep.equal(['ADDED n=1', 'MODIFIED n=2', 'DELETED n=2', 'over']);
  });

  it('is informed', async () => {
    const seen = await same(async ({ config, core, namespace }) => {
      const events: string[] = [];
      const labelSelector = 'name=informed';
      const list = async () => core.listNamespacedConfigMap({ namespace, labelSelector });
      const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list, labelSelector);
      for (const verb of ['add', 'update', 'delete'] as const)
        informer.on(verb, ({ data }: V1ConfigMap) => void events.push(`${verb} n=${data?.['n'] ?? ''}`));
      await informer.start();
      await change(core, { namespace, name: 'informed', until: (count) => events.length >= count });
      await informer.stop();
      return events;
    });
    expect(seen).to.deep.equal(['add n=1', 'update n=2', 'delete n=2']);
  });

  it('runs a command in a pod, with its input, both outputs and exit code', async () => {
    const outcome = await same(async ({ config, namespace }) => {
      const [stdout, stderr, stdin] = [collector(), collector(), new PassThrough()];
      const command = ['sh', '-c', 'read -r line; echo "heard $line"; echo err >&2; exit 7'];
      const status = await new Promise<V1Status>((resolve, reject) => {
        new Exec(config).exec(namespace, 'worker', 'worker', command, stdout, stderr, stdin, false, resolve).catch(reject);
        stdin.write('a word\n');
      });
      return {
        stdout: stdout.text(),
        stderr: stderr.text(),
        exit: status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message,
      };
    });
    expect(outcome).to.deep.equal({ stdout: 'heard a word\n', stderr: 'err\n', exit: '7' });
  });

  it('reads and follows logs', async () => {
    const logs = await same(async ({ config, core, namespace }) => {
      const followed = collector();
      // Aborted, client-node throws where nobody can catch it.
      await new Log(config).log(namespace, 'worker', 'worker', followed, { follow: true, limitBytes: 'one\ntwo\nthree\n'.length });
      await waitFor(() => followed.writableFinished, { within: 15, what: 'the end of the log' });
      return { followed: followed.text(), last: await core.readNamespacedPodLog({ namespace, name: 'worker', tailLines: 1 }) };
    });
    expect(logs).to.deep.equal({ followed: 'one\ntwo\nthree\n', last: 'three\n' });
  });

  it('forwards a port', async () => {
    const answer = await same(async ({ config, namespace }) => {
      const [received, errors, sent] = [collector(), collector(), new PassThrough()];
      await new PortForward(config).portForward(namespace, 'worker', [8080], received, errors, sent);
      sent.write('GET / HTTP/1.0\r\n\r\n');
      await waitFor(() => received.text().endsWith('page\n'), { within: 15, what: 'the page' });
      sent.end();
      return { status: received.text().split('\r\n')[0], errors: errors.text() };
    });
    expect(answer).to.deep.equal({ status: 'HTTP/1.1 200 OK', errors: '' });
  });
});

function clientOf(way: Way): Client {
  const config = new KubeConfig();
  config.loadFromFile(way.kubeconfig);
  // Typed as `any` by client-node; it is what the kubeconfig says.
  const plugin = config.getCurrentUser()?.exec as { env?: readonly object[] } | undefined;
  // Of the shell that the person would start the program from.
  if (plugin !== undefined) plugin.env = Object.entries(way.env).map(([name, value]) => ({ name, value }));
  return { config, core: config.makeApiClient(CoreV1Api), namespace: way.names.namespace };
}

const configMap = (name: string, n: string): V1ConfigMap => ({ metadata: { name, labels: { name } }, data: { n } });

interface Change {
  readonly namespace: string;
  readonly name: string;
  /** That many events were seen. */
  readonly until: (count: number) => boolean;
}

/** Adds an object, changes it and removes it, each when the one before was seen. */
async function change(core: CoreV1Api, { namespace, name, until }: Change): Promise<void> {
  const seen = async (count: number): Promise<unknown> => waitFor(() => until(count), { within: 15, what: `event ${count} of ${name}` });
  await core.createNamespacedConfigMap({ namespace, body: configMap(name, '1') });
  await seen(1);
  await core.replaceNamespacedConfigMap({ namespace, name, body: configMap(name, '2') });
  await seen(2);
  await core.deleteNamespacedConfigMap({ namespace, name });
  await seen(3);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    // The generated clients give the body as it came.
    const { reason } = JSON.parse(error.body as string) as V1Status;
    return `${error.code} ${reason ?? ''}`;
  }
  return 'not refused';
}

function collector(): Writable & { text(): string } {
  let text = '';
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  return Object.assign(sink, { text: () => text });
}
