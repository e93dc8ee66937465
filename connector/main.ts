#!/usr/bin/env -S node --max-semi-space-size=8 --heap-growing-percent=50
// A request's garbage is gone in a moment: a larger young generation would only be memory that is never given back. The heap grows by half
// before it is looked through again: left to itself V8 lets it grow the further the busier the machine is (docs/adr/0019-bounded-heap.md).
/** infra-connector: the program beside a destination. */
import { formatBuildInfo, readBuildInfo } from '../shared/node/build-info.ts';
import { ConfigError } from '../shared/node/load-config.ts';
import { createLogger } from '../shared/node/logger.ts';
import { createShutdown } from '../shared/node/shutdown.ts';
import { startConnector } from './compose.ts';
import { helpText, loadConnectorConfig } from './config.ts';

async function main(argv: readonly string[]): Promise<void> {
  const build = readBuildInfo();
  if (argv.includes('--help')) {
    process.stdout.write(helpText());
    return;
  }
  if (argv.includes('--version')) {
    process.stdout.write(`infra-connector ${formatBuildInfo(build)}\n`);
    return;
  }
  const config = loadConnectorConfig(argv, process.env);
  const logger = createLogger({ program: 'infra-connector', level: config.logLevel });
  const shutdown = createShutdown(logger);
  const ending = new AbortController();
  const end = (reason: string, code: number): void => {
    if (ending.signal.aborted) process.exit(1);
    ending.abort();
    void shutdown.run(reason).then(() => process.exit(code));
  };
  process.on('SIGTERM', () => end('SIGTERM', 0));
  process.on('SIGINT', () => end('SIGINT', 0));
  await startConnector({
    config,
    env: process.env,
    build,
    logger,
    shutdown,
    signal: ending.signal,
    failed: (error) => {
      logger.error({ err: error }, 'the connector cannot go on');
      end(error.message, 1);
    },
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`infra-connector: ${error instanceof Error ? error.message : 'unknown error'}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
});
