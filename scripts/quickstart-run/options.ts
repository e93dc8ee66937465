import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { QuickstartError } from './fault.ts';

export interface QuickstartOptions {
  readonly detach: boolean;
  readonly stop: boolean;
  readonly help: boolean;
  /** Use this cluster instead of making one. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly port: number;
  /** A whole cluster with a kubelet, so that pods run. */
  readonly node: boolean;
  /** The connector opens no port and is reached through the server. */
  readonly relay: boolean;
}

export const usage = `./scripts/quickstart [options]

  --detach            return when ready; then: . .local/quickstart/env
  --stop              end what --detach left running, and remove its data
  --kubeconfig FILE   use that cluster instead of making one (cluster-admin is needed)
  --context NAME      … and this context of the file
  --port N            port of the server (8443)
  --relay             the connector opens no port: kubectl goes through the server's relay
  --node              a whole cluster with a kubelet, so that pods run (Linux, root)
  --help`;

export function parseOptions(argv: readonly string[]): QuickstartOptions {
  const { values } = parse(argv);
  const port = Number(values.port ?? 8443);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new QuickstartError(`--port must be a port number, not "${values.port ?? ''}"`);
  if (values.kubeconfig !== undefined && values.node === true)
    throw new QuickstartError('--node makes a cluster and --kubeconfig names one: give one of them');
  if (values.context !== undefined && values.kubeconfig === undefined) throw new QuickstartError('--context needs --kubeconfig');
  const { detach = false, stop = false, help = false, node = false, relay = false } = values;
  return {
    detach,
    stop,
    help,
    node,
    relay,
    port,
    context: values.context,
    kubeconfig: values.kubeconfig === undefined ? undefined : resolve(values.kubeconfig),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        detach: { type: 'boolean' },
        stop: { type: 'boolean' },
        help: { type: 'boolean' },
        node: { type: 'boolean' },
        relay: { type: 'boolean' },
        kubeconfig: { type: 'string' },
        context: { type: 'string' },
        port: { type: 'string' },
      },
    });
  } catch (error) {
    throw new QuickstartError(`${error instanceof Error ? error.message : 'wrong options'}\n\n${usage}`);
  }
}
