#!/usr/bin/env node
/** `infra-server`: serves, or runs one of the host's commands. The only file of the server that reads the environment and ends the process. */
import { createServer } from 'node:http';
import { systemClock } from '../shared/clock.ts';
import { formatBuildInfo, readBuildInfo } from '../shared/node/build-info.ts';
import { formatListenAddress } from '../shared/node/listen-address.ts';
import { ConfigError, describeSettings } from '../shared/node/load-config.ts';
import { createLogger, type Logger } from '../shared/node/logger.ts';
import { createShutdown, type Shutdown } from '../shared/node/shutdown.ts';
import { DomainError } from '../shared/api/problem.ts';
import { RootKeyError } from './authority/root-key.ts';
import { backup, recoverAdmin, restore, setupLink } from './commands.ts';
import { compose, type Server } from './compose.ts';
import { adminPasswordFileVariable, loadServerConfig, serverSettings, type ServerConfig } from './config.ts';
import { claimServer, prepareDataDirectory } from './data-directory.ts';
import { listenTls, tlsFromAuthority, tlsFromFiles } from './http/tls-listener.ts';
import { listenRelay } from './relay/relay-listener.ts';
import { createScheduler } from './jobs/scheduler.ts';
import { StorageError } from './storage/database.ts';

const usage = `infra-server [COMMAND] [--config FILE] [settings]

Commands:
  (none)         serve
  recover-admin  print a one-time link that makes an admin
  backup FILE    copy the embedded database while the server runs
  restore FILE   put a backup in place; the server must be stopped

Settings (flag, variable):
${describeSettings(serverSettings, 'INFRA_SERVER')}
  ${''.padEnd(18)}  ${adminPasswordFileVariable}  a file with the first admin's password

  --help, --version
`;

async function main(argv: readonly string[]): Promise<void> {
  // Whatever is written here, backups too, is nobody else's to read.
  process.umask(0o077);
  const [first, ...rest] = argv;
  const build = readBuildInfo();
  if (argv.includes('--help')) return void process.stdout.write(usage);
  if (argv.includes('--version')) return void process.stdout.write(`infra-server ${formatBuildInfo(build)}\n`);
  const context = (args: readonly string[]) => ({
    config: loadServerConfig({ argv: args, env: process.env }),
    clock: systemClock,
    say: (line: string) => void process.stdout.write(`${line}\n`),
  });
  switch (first) {
    case 'recover-admin':
      return recoverAdmin(context(rest));
    case 'backup':
    case 'restore': {
      const [file, ...settings] = rest;
      if (file === undefined || file.startsWith('-')) throw new ConfigError(`infra-server ${first} needs a FILE`);
      return (first === 'backup' ? backup : restore)(context(settings), file);
    }
    default:
      return serve(loadServerConfig({ argv, env: process.env }));
  }
}

async function serve(config: ServerConfig): Promise<void> {
  const logger = createLogger({ program: 'infra-server', level: config.logLevel });
  const shutdown = createShutdown(logger);
  try {
    await start(config, logger, shutdown);
  } catch (error) {
    // A refused start leaves nothing half open.
    await shutdown.run('the start failed');
    throw error;
  }
}

async function start(config: ServerConfig, logger: Logger, shutdown: Shutdown): Promise<void> {
  const build = readBuildInfo();
  const tlsFiles = config.tls === undefined ? undefined : tlsFromFiles(config.tls);
  await tlsFiles?.current();
  prepareDataDirectory(config.dataDir);
  const claim = claimServer(config.dataDir);
  shutdown.onShutdown('data directory', () => claim.release());
  const server = await compose({ config, logger, clock: systemClock, build });
  shutdown.onShutdown('database', server.close);
  const scheduler = createScheduler(server.jobs, logger);
  scheduler.start();
  shutdown.onShutdown('jobs', scheduler.stop);
  const listener = await listenTls({
    app: server.app,
    address: config.listen,
    tls: tlsFiles ?? tlsFromAuthority(server.authority, config.publicUrl),
    frontDoor: server.frontDoor,
    upgrades: server.tunnelDoor,
    logger,
  });
  shutdown.onShutdown('listener', listener.close);
  const metrics = createServer(server.metricsApp).listen(config.metricsListen.port, config.metricsListen.host);
  metrics.on('error', (error) => logger.error({ err: error }, 'the metrics address cannot be used'));
  shutdown.onShutdown('metrics', () => void metrics.close());
  if (config.relay.listen !== undefined) {
    const relayListener = await listenRelay(config.relay.listen, server.frontDoor);
    shutdown.onShutdown('relay listener', relayListener.close);
  }
  shutdown.onShutdown('relay', server.drainRelay);
  shutdown.onShutdown('streams', server.endStreams);
  shutdown.onShutdown('readiness', () => server.readiness.setReady(false));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void shutdown.run(signal).then(() => process.exit(0)));
  server.readiness.setReady(true);
  logger.info(
    {
      listen: formatListenAddress({ ...config.listen, port: listener.port }),
      publicUrl: config.publicUrl,
      version: formatBuildInfo(build),
      root: server.authority.rootFingerprint,
    },
    'serving',
  );
  await offerSetup(server, config);
}

/** Until somebody can administer, each start prints a way to: on the terminal, not in the log, for the link is a secret. */
async function offerSetup(server: Server, config: ServerConfig): Promise<void> {
  if (!(await server.setup.isPending())) return;
  process.stderr.write(
    `\nNobody can administer this server yet. Open this link once, within a day, to make yourself an admin:\n\n  ${setupLink(config.publicUrl, await server.setup.createLink('first-admin'))}\n\n`,
  );
}

/** What the operator can mend is one sentence; anything else is a fault with its stack. */
function explain(error: unknown): string {
  const isExpected =
    error instanceof ConfigError || error instanceof StorageError || error instanceof RootKeyError || error instanceof DomainError;
  if (isExpected) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return `the address is in use (${error.message}); choose another with --listen`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`infra-server: ${explain(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
});
