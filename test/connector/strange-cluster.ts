/** A kube-apiserver of our own making behind a real connector, which answers as a real one does not on demand. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { tempDir } from '../support/temp-dir.ts';
import { serverAuth } from './fake-authority.ts';
import { FakeServer, type Credential } from './fake-server.ts';
import { RunningConnector } from './running-connector.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface StrangeCluster {
  readonly server: FakeServer;
  readonly connector: RunningConnector;
  readonly credential: Credential;
  readonly upstream: Server;
  /** What the connector checks the cluster's certificate with. */
  readonly caFile: string;
  /** The requests that came for people, the connector's own left out. */
  readonly seen: IncomingMessage[];
  /** How paths that end like this are answered from now on; the rest are empty lists. */
  answer(ending: string, how: Answer): void;
  /** Closes its port and every connection. */
  goAway(): Promise<void>;
  stop(): Promise<void>;
}

/** The connector, and as whom it comes to the cluster. */
export interface StrangeClusterWish {
  /** Where the kubeconfig lies. */
  readonly folder?: string;
  readonly user?: object;
  /** Another main.js than the one that was built. */
  readonly program?: string;
}

/** @param env more settings of the connector. */
export async function startStrangeCluster(
  env: Readonly<Record<string, string>> = {},
  { folder = tempDir('infra-upstream'), user: ownUser = { token: 'connector-secret' }, ...wish }: StrangeClusterWish = {},
): Promise<StrangeCluster> {
  const server = await FakeServer.start();
  const seen: IncomingMessage[] = [];
  const answers = new Map<string, Answer>();
  const serving = await server.authority.issue({ usages: [serverAuth], names: [{ type: 'ip', value: '127.0.0.1' }] });
  const upstream = createServer(
    { key: serving.keyPem, cert: serving.chain, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      if (request.headers['user-agent'] !== 'infra-connector') seen.push(request);
      const { pathname } = new URL(request.url ?? '/', 'https://x');
      const [, how] = [...answers].find(([ending]) => pathname.endsWith(ending)) ?? [];
      if (how === undefined)
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[],"metadata":{"resourceVersion":"1"}}');
      else how(request, response);
    },
  );
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const kubeconfig = join(folder, 'config');
  const url = `https://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const caFile = join(dirname(kubeconfig), 'ca.pem');
  writeFileSync(caFile, server.authority.rootPem);
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: url, 'certificate-authority': 'ca.pem' } }],
      users: [{ name: 'u', user: ownUser }],
    }),
  );
  const user = server.addUser('ana@example.com', [{ role: 'view' }]);
  const credential = await server.issue(user.id);
  const connector = await RunningConnector.start({ server, kubeconfig, env, ...wish });
  const goAway = async (): Promise<void> => {
    // Connections in the middle of their handshake are not the HTTP server's yet.
    const sweep = setInterval(() => upstream.closeAllConnections(), 50);
    await new Promise((resolve) => upstream.close(resolve));
    clearInterval(sweep);
  };
  return {
    server,
    connector,
    credential,
    upstream,
    caFile,
    seen,
    goAway,
    answer: (ending, how) => void answers.set(ending, how),
    stop: async () => {
      await connector.stop();
      await server.stop();
      await goAway();
    },
  };
}
