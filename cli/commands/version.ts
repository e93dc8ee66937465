import { formatBuildInfo, readBuildInfo } from '../../shared/node/build-info.ts';
import type { CommandContext, CommandSpec } from '../command.ts';

export const versionCommand: CommandSpec = { words: 'version', summary: 'version and commit of this program', run: version };

async function version({ output }: CommandContext): Promise<void> {
  const info = readBuildInfo();
  if (output.format === 'table') output.raw(`infra ${formatBuildInfo(info)}\n`);
  else output.show(info, []);
}
