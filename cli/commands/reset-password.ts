/** `infra reset-password`: asks the server for a mail with a link. What to choose is typed in the browser, at the server's own page. */
import { api } from '../../shared/api/index.ts';
import { isEmail } from '../../shared/resource-name.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { connect } from '../connection.ts';
import { CliError } from '../failure.ts';
import { chooseTarget, trustOptions } from '../login-target.ts';

export const resetPasswordCommand: CommandSpec = {
  words: 'reset-password',
  summary: 'get a mail with a link to choose a new password, when the old one is forgotten',
  arguments: [['[email]', 'whose; without it, the one who was logged in last']],
  options: trustOptions,
  examples: ['infra reset-password ana@example.com', 'infra --server infra.example.com reset-password ana@example.com'],
  run: resetPassword,
};

async function resetPassword(context: CommandContext, input: CommandInput): Promise<void> {
  const typed = input.optional('email');
  const { server, trust, known } = await chooseTarget(context, input, { selector: context.server, user: typed });
  const email = typed ?? (known?.account.id.startsWith('usr_') === true ? known.account.name : undefined);
  if (email === undefined) throw new CliError('wrongUse', 'whose password? run: infra reset-password EMAIL');
  if (!isEmail(email)) throw new CliError('wrongUse', `"${email}" is no email address`);
  const call = connect({ server, trust, userAgent: context.userAgent, output: context.output });
  await call(api.login.requestReset, { body: { email } });
  context.output.say(
    `if ${email} logs in to ${server} with a password, a mail with a link is on its way; open it soon, it holds for twenty minutes`,
  );
}
