/** The run behind scripts/quickstart: each step is harmless to repeat, so a second run finds the first one's work and goes on. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPrograms } from './quickstart-run/build.ts';
import { openCluster, removeCluster } from './quickstart-run/cluster.ts';
import { QuickstartError } from './quickstart-run/fault.ts';
import { parseOptions, usage, type QuickstartOptions } from './quickstart-run/options.ts';
import { printNextSteps, writeEnvironment } from './quickstart-run/outcome.ts';
import { openServer, requirePort } from './quickstart-run/server.ts';
import { loginAsAdmin } from './quickstart-run/login.ts';
import { openConnector } from './quickstart-run/connector.ts';
import { forgetServices, stopServices } from './quickstart-run/service.ts';
import { untilKubectlWorks } from './quickstart-run/proof.ts';

const directory = join(import.meta.dirname, '..', '.local', 'quickstart');
const say = (line: string): void => console.error(`· ${line}`);

async function start(options: QuickstartOptions): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await buildPrograms(say);
  const cluster = await openCluster(directory, options, say);
  const server = await openServer(directory, options.port, say);
  const person = await loginAsAdmin(directory, server, say);
  const connector = await openConnector({ directory, server, cluster, person, relayOnly: options.relay, say });
  await untilKubectlWorks({ cluster, person, say });
  const outcome = { directory, server, cluster, person, connector };
  writeEnvironment(outcome);
  printNextSteps(outcome, options);
}

async function stop(): Promise<void> {
  await stopServices(directory, say);
  await removeCluster(directory, say);
  forgetServices(directory);
  say('stopped; nothing is left running');
}

async function main(argv: readonly string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options.help) {
    console.log(usage);
    return;
  }
  if (options.stop) return stop();
  await requirePort(directory, options.port);
  try {
    await start(options);
  } catch (error) {
    say('what was started so far goes on; end it with: ./scripts/quickstart --stop');
    throw error;
  }
  if (options.detach) return;
  say('running until Ctrl-C');
  await new Promise<void>((resolve) => {
    // The timer keeps the process waiting for the signal.
    const timer = setInterval(() => undefined, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        clearInterval(timer);
        resolve();
      });
    }
  });
  await stop();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isExpected = error instanceof QuickstartError;
  console.error(`quickstart: ${isExpected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exit(1);
});
