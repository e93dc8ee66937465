/** The connector's own credential from a plugin of its kubeconfig: a real script, run as client-go would. */
import { expect } from 'chai';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../support/temp-dir.ts';
import { clientAuth } from './fake-authority.ts';
import { until } from './running-connector.ts';
import { startStrangeCluster, type StrangeCluster } from './strange-cluster.ts';

const v1 = 'client.authentication.k8s.io/v1';
const script = `#!/bin/sh
printf '%s|%s|%s\\n' "$*" "$COLOUR" "$KUBERNETES_EXEC_INFO" >> "$FOLDER/runs"
if [ -f "$FOLDER/fault" ]; then echo 'no luck today' >&2; exit 3; fi
cat "$FOLDER/answer"
`;

class Plugin {
  readonly folder = tempDir('infra-plugin');
  readonly apiVersion: string;

  constructor(apiVersion: string = v1) {
    this.apiVersion = apiVersion;
    writeFileSync(join(this.folder, 'plugin'), script, { mode: 0o755 });
  }

  answers(status: object): this {
    writeFileSync(join(this.folder, 'answer'), JSON.stringify({ apiVersion: this.apiVersion, kind: 'ExecCredential', status }));
    return this;
  }

  fails(isFailing: boolean): void {
    if (isFailing) writeFileSync(join(this.folder, 'fault'), '');
    else rmSync(join(this.folder, 'fault'));
  }

  runs(): readonly string[] {
    const file = join(this.folder, 'runs');
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  }

  /** For the kubeconfig, which lies in the same folder. */
  user(more: object = {}): object {
    const env = [
      { name: 'FOLDER', value: this.folder },
      { name: 'COLOUR', value: 'a b; $(id)' },
    ];
    const exec = { apiVersion: this.apiVersion, command: './plugin', args: ['say', '$HOME; x'], env, interactiveMode: 'Never', ...more };
    return { exec };
  }
}

describe('connector: a credential plugin for its own access', function () {
  this.timeout(40_000);
  const started: StrangeCluster[] = [];
  const start = async (plugin: Plugin, more: object = {}): Promise<StrangeCluster> => {
    const cluster = await startStrangeCluster({}, { folder: plugin.folder, user: plugin.user(more) });
    started.push(cluster);
    return cluster;
  };
  const ask = ({ connector, credential }: StrangeCluster) => connector.request(credential, '/api/v1/namespaces/x/pods');
  const tokenSeen = ({ seen }: StrangeCluster): string | undefined => seen.at(-1)?.headers.authorization;
  const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

  afterEach(async () => {
    for (const each of started.splice(0)) await each.stop();
  });

  for (const apiVersion of [v1, 'client.authentication.k8s.io/v1beta1'])
    it(`${apiVersion}: run once, without a shell, with its arguments and variables, and told nothing of the cluster unasked`, async () => {
      const plugin = new Plugin(apiVersion).answers({ token: 'from-plugin' });
      const cluster = await start(plugin);
      expect((await ask(cluster)).status).to.equal(200);
      expect((await ask(cluster)).status).to.equal(200);
      expect(tokenSeen(cluster)).to.equal('Bearer from-plugin');
      const [run, ...others] = plugin.runs();
      expect(others).to.deep.equal([]);
      expect(run).to.match(/^say \$HOME; x\|a b; \$\(id\)\|/);
      const info: unknown = JSON.parse(run?.split('|')[2] ?? '');
      expect(info).to.deep.equal({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } });
      expect(cluster.connector.output).to.not.contain('from-plugin');
    });

  it('provideClusterInfo: server and authority are told', async () => {
    const plugin = new Plugin().answers({ token: 'x' });
    const { upstream, caFile } = await start(plugin, { provideClusterInfo: true });
    const info = JSON.parse(plugin.runs()[0]?.split('|')[2] ?? '') as { spec: { cluster: Record<string, string> } };
    const address = upstream.address();
    expect(info.spec.cluster).to.deep.equal({
      server: `https://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`,
      'certificate-authority-data': readFileSync(caFile).toString('base64'),
    });
  });

  it('runs again before the end, and a failure leaves the old credential in place until it succeeds', async () => {
    const plugin = new Plugin().answers({ token: 'first', expirationTimestamp: inSeconds(5) });
    const cluster = await start(plugin);
    await ask(cluster);
    expect(tokenSeen(cluster)).to.equal('Bearer first');
    plugin.fails(true);
    await until(() => cluster.connector.output.includes('no new credential for the cluster'), 'the failure is told', 10_000);
    expect(cluster.connector.output)
      .to.contain('the credential plugin ./plugin of the kubeconfig: it ended with 3')
      .and.contain('no luck today');
    expect((await ask(cluster)).status).to.equal(200);
    plugin.answers({ token: 'second', expirationTimestamp: inSeconds(3600) }).fails(false);
    await until(async () => (await ask(cluster)).status === 200 && tokenSeen(cluster) === 'Bearer second', 'the second token', 15_000);
  });

  it("runs again after the cluster's 401 to somebody's request, and not without end", async () => {
    const plugin = new Plugin().answers({ token: 'old' });
    const cluster = await start(plugin);
    const onlyNew = (request: IncomingMessage, response: { writeHead(status: number): { end(text?: string): void } }): void =>
      response.writeHead(request.headers.authorization === 'Bearer new' ? 200 : 401).end('{}');
    for (const ending of ['/pods', '/version']) cluster.answer(ending, onlyNew);
    expect((await ask(cluster)).status).to.equal(502);
    await until(() => plugin.runs().length === 2, 'it is run again', 6000);
    const begun = Date.now();
    while (Date.now() - begun < 3000) await ask(cluster);
    expect(plugin.runs().length).to.be.within(3, 5);
    plugin.answers({ token: 'new' });
    await until(async () => (await ask(cluster)).status === 200, 'the new token', 8000);
  });

  it('a client certificate: shown to the cluster, and the next one on new connections', async () => {
    const plugin = new Plugin();
    const cluster = await startWithCertificate(plugin, 'connector-one', 5);
    const subjects = new Set<string>();
    cluster.upstream.on('request', ({ socket }: IncomingMessage) =>
      subjects.add(String((socket as TLSSocket).getPeerCertificate().subject.CN)),
    );
    await ask(cluster);
    expect([...subjects]).to.deep.equal(['connector-one']);
    await certify(plugin, cluster, 'connector-two', 3600);
    await until(async () => (await ask(cluster)).status === 200 && subjects.has('connector-two'), 'the second certificate', 15_000);
  });

  const certify = async (plugin: Plugin, { server }: Pick<StrangeCluster, 'server'>, name: string, seconds: number): Promise<void> => {
    const issued = await server.authority.issue({ subject: `CN=${name}`, usages: [clientAuth] });
    plugin.answers({ clientCertificateData: issued.chain, clientKeyData: issued.keyPem, expirationTimestamp: inSeconds(seconds) });
  };
  const startWithCertificate = async (plugin: Plugin, name: string, seconds: number): Promise<StrangeCluster> => {
    // Any authority will do: the cluster looks at the name alone.
    const other = await start(new Plugin().answers({ token: 'x' }));
    await certify(plugin, other, name, seconds);
    return start(plugin);
  };

  describe('what cannot be used ends the start, in words', () => {
    const cases: Readonly<Record<string, readonly [more: object, status: object | undefined, words: string]>> = {
      'a plugin that wants to ask somebody': [{ interactiveMode: 'Always' }, { token: 'x' }, 'nobody sits at a connector'],
      'another version': [
        { apiVersion: 'client.authentication.k8s.io/v1alpha1' },
        { token: 'x' },
        'must be client.authentication.k8s.io/v1 or',
      ],
      'an answer of another version': [{ apiVersion: 'client.authentication.k8s.io/v1beta1' }, { token: 'x' }, 'of another version'],
      'no such program': [{ command: './nothing' }, { token: 'x' }, './nothing of the kubeconfig: there is no such program'],
      'nothing in the answer': [{}, {}, 'it printed no ExecCredential'],
      'a certificate without its key': [{}, { clientCertificateData: 'x' }, 'it printed no ExecCredential'],
      'no answer': [{}, undefined, 'it ended with 1'],
    };
    for (const [title, [more, status, words]] of Object.entries(cases))
      it(title, async () => {
        const plugin = new Plugin();
        if (status !== undefined) plugin.answers(status);
        const { connector } = await start(plugin, more);
        expect(connector.exitCode).to.equal(2);
        expect(connector.output).to.contain(words);
      });
  });
});
