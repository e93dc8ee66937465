/** `infra mfa …`: one's own second factor. */
import type { CallResult } from '../../shared/api/endpoint.ts';
import { api } from '../../shared/api/index.ts';
import type { SecondFactor } from '../../shared/api/second-factors.ts';
import { counted } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { isInteractive } from '../environment.ts';
import { CliError } from '../failure.ts';
import { askSecret } from '../prompt.ts';
import { qrCodeLines } from '../qr-code.ts';
import { codeOption, readCode } from '../second-factor.ts';

export const mfaCommands: readonly CommandSpec[] = [
  {
    words: 'mfa add',
    summary: 'add a second factor, an app that shows codes; or put a new app in place of the one there is',
    run: add,
  },
  {
    words: 'mfa verify',
    summary: 'prove the second factor again, for grants that ask for it',
    options: [codeOption],
    examples: ['infra mfa verify', 'infra mfa verify --code-stdin < code'],
    run: verify,
  },
  { words: 'mfa list', alias: 'ls', summary: 'my second factors, and how many recovery codes are left', run: list },
  {
    words: 'mfa remove',
    alias: 'rm',
    summary: 'remove my second factor; its recovery codes go with it',
    options: [codeOption],
    run: remove,
  },
  {
    words: 'mfa recovery-codes',
    summary: 'make new recovery codes, shown once; those of before are void',
    options: [codeOption],
    run: renewRecoveryCodes,
  },
];

async function add(context: CommandContext, input: CommandInput): Promise<void> {
  const { environment, output } = context;
  if (!isInteractive(environment))
    throw new CliError(
      'wrongUse',
      'adding a second factor takes somebody at a terminal, who reads the secret into an app and types its code',
    );
  const { call } = context.connect();
  const { items } = await call(api.secondFactors.list, {});
  const replaces = items.length > 0 ? await readCode(context, input, 'code of the app that is replaced, or a recovery code: ') : undefined;
  const begun = await call(api.secondFactors.begin, { body: { kind: 'totp', ...(replaces === undefined ? {} : { code: replaces }) } });
  for (const line of qrCodeLines(begun.otpauthUri)) output.warn(line);
  output.warn(`secret: ${begun.secret}`);
  output.warn(begun.otpauthUri);
  output.warn('read the picture, or type the secret, into an app that shows codes; it is shown this once');
  const code = (await askSecret(environment, 'code that the app shows now: ')).trim();
  const confirmed = await call(api.secondFactors.confirm, { params: { id: begun.id }, body: { code } });
  showRecoveryCodes(context, confirmed, confirmed.recoveryCodes);
  output.say('the second factor is asked for at every login with a password from now on');
}

async function verify(context: CommandContext, input: CommandInput): Promise<void> {
  const { call, profile } = context.connect();
  const { items, atProvider } = await call(api.secondFactors.list, {});
  if (items.length === 0 && atProvider !== null)
    throw new CliError(
      'notFound',
      `you have no second factor here; ${atProvider} asks for yours: sign in there anew with: infra login ${profile.server} --provider ${atProvider} --fresh`,
    );
  const { mfaAt } = await call(api.secondFactors.prove, { body: { code: await readCode(context, input) } });
  context.output.say(`a second factor is proven since ${mfaAt}; grants that ask for one hold again`);
}

async function list({ connect, output }: CommandContext): Promise<void> {
  const found = await connect().call(api.secondFactors.list, {});
  output.list(found, found.items, [
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'ADDED', value: ({ createdAt }) => createdAt },
    { title: 'LAST USED', value: ({ lastUsedAt }) => lastUsedAt },
    { title: 'ID', value: ({ id }) => id },
  ]);
  if (found.items.length === 0) output.say('no second factor yet; add one: infra mfa add');
  else output.say(`${counted(found.recoveryCodesLeft, 'recovery code')} left; new ones: infra mfa recovery-codes`);
}

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const { call } = context.connect();
  const { id } = await theOne(call(api.secondFactors.list, {}));
  await call(api.secondFactors.remove, { params: { id }, body: { code: await readCode(context, input) } });
  context.output.say('the second factor is removed: from now on the password alone opens the door');
}

async function theOne(found: Promise<CallResult<typeof api.secondFactors.list>>): Promise<SecondFactor> {
  const [factor] = (await found).items;
  if (factor === undefined) throw new CliError('notFound', 'you have no second factor; add one: infra mfa add');
  return factor;
}

async function renewRecoveryCodes(context: CommandContext, input: CommandInput): Promise<void> {
  const { call } = context.connect();
  const renewed = await call(api.secondFactors.renewRecoveryCodes, { body: { code: await readCode(context, input) } });
  showRecoveryCodes(context, renewed, renewed.recoveryCodes);
}

function showRecoveryCodes({ output }: CommandContext, value: unknown, codes: readonly string[]): void {
  output.lines(
    value,
    codes.map((code) => [code]),
  );
  output.say(
    'recovery codes: each is good once in place of a code of the app; they are shown this once, so keep them where the app is not',
  );
}
