/** What a shell can source, and what a person can try next. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardedCluster } from './cluster.ts';
import { destination, type QuickstartConnector } from './connector.ts';
import type { Person } from './login.ts';
import type { QuickstartOptions } from './options.ts';
import type { QuickstartServer } from './server.ts';
import { programFile } from './build.ts';

export interface Outcome {
  readonly directory: string;
  readonly server: QuickstartServer;
  readonly cluster: GuardedCluster;
  readonly person: Person;
  readonly connector: QuickstartConnector;
}

export const environmentFile = (directory: string): string => join(directory, 'env');

export function writeEnvironment({ directory, server, cluster, person, connector }: Outcome): void {
  const binaries = join(directory, 'bin');
  mkdirSync(binaries, { recursive: true });
  writeFileSync(join(binaries, 'infra'), infraLauncher(), { mode: 0o755 });
  const variables: Readonly<Record<string, string>> = {
    INFRA_SERVER_URL: server.url,
    INFRA_CA_FILE: server.caFile,
    INFRA_ADMIN_EMAIL: server.adminEmail,
    INFRA_ADMIN_PASSWORD: server.adminPassword,
    INFRA_DESTINATION: destination,
    INFRA_HOME: person.home,
    KUBECONFIG: person.kubeconfig,
    DIRECT_KUBECONFIG: cluster.adminKubeconfig,
    KUBECTL: cluster.kubectl,
    // Empty: the connector has none, and is reached through the server.
    CONNECTOR_ADDRESS: connector.address ?? '',
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`);
  writeFileSync(environmentFile(directory), `${lines.join('\n')}\nexport PATH=${quoted(binaries)}:"$PATH"\n`, { mode: 0o600 });
}

export function printNextSteps({ directory, server, connector }: Outcome, { detach }: QuickstartOptions): void {
  const elsewhere = detach ? '' : ' (in another terminal)';
  console.log(`
infra is ready.

  UI          ${server.url}
  admin       ${server.adminEmail}, password ${server.adminPassword}
  connector   ${connectorWords(connector)}

Try next${elsewhere}:

  . ${environmentFile(directory)}
  $KUBECTL get namespaces
  $KUBECTL auth whoami
  infra status
  infra users add dev@example.com
  infra grants add dev@example.com --role view ${destination}.team-a --for 1h
  infra grants list
  infra audit list

Stop: ${detach ? './scripts/quickstart --stop' : 'Ctrl-C'}
`);
}

const connectorWords = ({ address, healthAddress }: QuickstartConnector): string =>
  address ?? `opens no port; kubectl goes through the server's relay (only its health is there, on ${healthAddress})`;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** `infra` for shells that source the file, run by the Node that quickstart runs on. */
const infraLauncher = (): string => `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(programFile('cli'))} "$@"\n`;
