/** What is measured: the real programs from dist/ beside a real control plane, each started when the first row asks for it. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { api } from '../../shared/api/index.ts';
import { createCertificateRequest } from '../../shared/node/certificate-request.ts';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { startConnector, withoutLimits, type ConnectorWish, type RunningConnectorProgram } from '../support/connector.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Target } from './load.ts';
import { residentMegabytes } from './process-usage.ts';

export const namespace = 'bench';
export const email = 'bench@example.com';

export interface Person {
  readonly secret: string;
  readonly id: string;
}

/** A key with its certificate for one destination. */
export interface Credential {
  readonly cert: string;
  readonly key: string;
}

export interface Guarded {
  readonly connector: RunningConnectorProgram;
  /** Where and as whom the load generator comes in. */
  readonly target: Target;
  readonly idleMegabytes: number;
}

export type Setting = ReturnType<typeof createSetting>;

export function createSetting(log: (line: string) => void) {
  const server = once(async () => {
    log('starting infra-server');
    return startServer();
  });
  const cluster = once(async () => {
    log('starting a control plane');
    const found = await controlPlane();
    const direct = { kubeconfig: found.adminKubeconfig };
    await kubectlOrThrow(direct, 'create', 'namespace', namespace);
    await kubectlOrThrow(direct, '-n', namespace, 'create', 'configmap', 'one', '--from-literal=key=value');
    await kubectlOrThrow(direct, '-n', namespace, 'create', 'serviceaccount', 'connector');
    await kubectlOrThrow(
      direct,
      'create',
      'clusterrolebinding',
      'bench-connector',
      '--clusterrole=cluster-admin',
      `--serviceaccount=${namespace}:connector`,
    );
    return found;
  });
  /** The connector's own right in the cluster, which the references use too. */
  const token = once(async () =>
    (
      await kubectlOrThrow(
        { kubeconfig: (await cluster()).adminKubeconfig },
        '-n',
        namespace,
        'create',
        'token',
        'connector',
        '--duration=8h',
      )
    ).trim(),
  );
  const person = once(async (): Promise<Person> => newPerson(await server(), email));
  const guarded = once(async () =>
    guard({ server: await server(), cluster: await cluster(), token: await token(), person: await person() }, 'bench'),
  );
  const stop = async (): Promise<void> => {
    if (guarded.isMade()) await (await guarded()).connector.stop();
    if (server.isMade()) await (await server()).stop();
  };
  return { log, server, cluster, token, person, guarded, stop };
}

interface Parts {
  readonly server: RunningServer;
  readonly cluster: Cluster;
  readonly token: string;
  readonly person: Person;
  readonly beforeStart?: ConnectorWish['beforeStart'];
  /** More settings of the connector; none of its limits when absent. */
  readonly variables?: ConnectorWish['variables'];
}

/** A connector with a destination of its own, and the person let in to the namespace. */
export async function guard(
  parts: Parts,
  destination: string,
  upstream?: { readonly url: string; readonly caFile: string },
): Promise<Guarded> {
  const { server, cluster, token, person, beforeStart, variables = withoutLimits } = parts;
  const adminKubeconfig = tokenKubeconfig(upstream ?? cluster, token);
  const connector = await startConnector({
    server,
    cluster: { ...cluster, adminKubeconfig },
    destination,
    reach: 'both',
    variables,
    ...(beforeStart === undefined ? {} : { beforeStart }),
  });
  await delay(3000);
  const idleMegabytes = residentMegabytes(connector.program().pid);
  await (
    await server.admin()
  )(api.grants.create, { body: { subject: email, role: 'view', resource: `${destination}.${namespace}` } });
  const credential = await newCredential(server, person, connector.destination.id);
  const target = targetOf(server, connector, credential);
  await delay(1000);
  return { connector, target, idleMegabytes };
}

export const targetOf = (server: RunningServer, connector: RunningConnectorProgram, credential: Credential): Target => ({
  host: '127.0.0.1',
  port: connector.port,
  servername: connector.serverName,
  ca: server.info.rootCertificate,
  ...credential,
});

export async function newCredential(server: RunningServer, { secret }: Person, destinationId: string): Promise<Credential> {
  const { csr, key } = newRequest();
  const issued = await waitFor(
    // Typed as a destination's id where the destination was made.
    () => server.client(secret)(api.leases.create, { body: { destination: destinationId, csr } }),
    { within: 5, what: 'a certificate' },
  );
  return { cert: issued.certificateChain, key };
}

export function newRequest(): { readonly csr: string; readonly key: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { csr: createCertificateRequest(privateKey), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function tokenKubeconfig(cluster: { readonly url: string; readonly caFile: string }, token: string): string {
  const file = join(tempDir('infra-kubeconfig'), 'kubeconfig');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'bench', cluster: { server: cluster.url, 'certificate-authority-data': readFileSync(cluster.caFile).toString('base64') } },
    ],
    users: [{ name: 'connector', user: { token } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'connector' } }],
    'current-context': 'bench',
  };
  writeFileSync(file, JSON.stringify(kubeconfig), { mode: 0o600 });
  return file;
}

/** Makes it when it is first asked for. */
export function once<T>(make: () => Promise<T>): (() => Promise<T>) & { isMade(): boolean } {
  let made: Promise<T> | undefined;
  return Object.assign(() => (made ??= make()), { isMade: () => made !== undefined });
}
