/** `infra mfa …`: one's own second factors. */
import { api } from '../../shared/api/index.ts';
import type { SecondFactor } from '../../shared/api/second-factors.ts';
import { counted } from '../acknowledgements.ts';
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { isInteractive } from '../environment.ts';
import { CliError } from '../failure.ts';
import { askSecret } from '../prompt.ts';
import { qrCodeLines } from '../qr-code.ts';
import { noBrowserOption, passkeyOption, proofOptions, proveWith, untilDone } from '../passkeys.ts';

export const mfaCommands: readonly CommandSpec[] = [
  {
    words: 'mfa add',
    summary: 'add a second factor, an app that shows codes; or put a new app in place of the one there is',
    options: [passkeyOption, noBrowserOption],
    run: add,
  },
  {
    words: 'mfa add-passkey',
    summary: 'add a passkey as a second factor, in the browser; beside what there is',
    options: [{ flags: '--name <name>', help: 'what to call it, such as laptop (passkey)' }, ...proofOptions],
    examples: ['infra mfa add-passkey --name laptop'],
    run: addPasskey,
  },
  {
    words: 'mfa verify',
    summary: 'prove the second factor again, for grants that ask for it',
    options: proofOptions,
    examples: ['infra mfa verify', 'infra mfa verify --passkey', 'infra mfa verify --code-stdin < code'],
    run: verify,
  },
  { words: 'mfa list', alias: 'ls', summary: 'my second factors, and how many recovery codes are left', run: list },
  {
    words: 'mfa remove',
    alias: 'rm',
    summary: 'remove a second factor of mine; the recovery codes go with the last',
    arguments: [['[factor]', 'its name, kind or id; without it, the only one']],
    options: proofOptions,
    run: remove,
  },
  {
    words: 'mfa recovery-codes',
    summary: 'make new recovery codes, shown once; those of before are void',
    options: proofOptions,
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
  const { items: factors } = await call(api.secondFactors.list, {});
  if (factors.length > 0) output.say('first prove the second factor that you have');
  const proven = factors.length > 0 ? await proveWith(context, input, { call, factors, purpose: 'add' }) : undefined;
  const begun = await call(api.secondFactors.begin, { body: { kind: 'totp', ...(proven === undefined ? {} : { code: proven }) } });
  for (const line of qrCodeLines(begun.otpauthUri)) output.warn(line);
  output.warn(`secret: ${begun.secret}`);
  output.warn(begun.otpauthUri);
  output.warn('read the picture, or type the secret, into an app that shows codes; it is shown this once');
  const code = (await askSecret(environment, 'code that the app shows now: ')).trim();
  const confirmed = await call(api.secondFactors.confirm, { params: { id: begun.id }, body: { code } });
  showRecoveryCodes(context, confirmed, confirmed.recoveryCodes);
  output.say('the second factor is asked for at every login with a password from now on');
}

async function addPasskey(context: CommandContext, input: CommandInput): Promise<void> {
  const { output } = context;
  const { call, profile } = context.connect();
  const { items: factors } = await call(api.secondFactors.list, {});
  if (factors.length > 0) output.say('first prove the second factor that you have');
  const code = factors.length > 0 ? await proveWith(context, input, { call, factors, purpose: 'add' }) : undefined;
  const name = input.optional('name');
  const body = { ...(name === undefined ? {} : { name }), ...(code === undefined ? {} : { code }) };
  const link = await call(api.passkeys.begin, { body });
  await untilDone(context, input, { call, link });
  const confirmed = await call(api.passkeys.confirm, { params: { id: link.id } });
  if (confirmed.recoveryCodes.length > 0) showRecoveryCodes(context, confirmed, confirmed.recoveryCodes);
  else output.lines(confirmed, []);
  output.say(`the passkey "${confirmed.secondFactor.name ?? ''}" is added; a second factor is asked for at every login with a password`);
  if (confirmed.secondFactor.signsInAlone === true)
    output.say(`it does without the password, too: infra login ${profile.server} --provider infra, then "Sign in with a passkey"`);
}

async function verify(context: CommandContext, input: CommandInput): Promise<void> {
  const { call, profile } = context.connect();
  const { items: factors, atProvider } = await call(api.secondFactors.list, {});
  if (factors.length === 0 && atProvider !== null)
    throw new CliError(
      'notFound',
      `you have no second factor here; ${atProvider} asks for yours: sign in there anew with: infra login ${profile.server} --provider ${atProvider} --fresh`,
    );
  const code = await proveWith(context, input, { call, factors, purpose: 'verify' });
  const { mfaAt } = await call(api.secondFactors.prove, { body: { code } });
  context.output.say(`a second factor is proven since ${mfaAt}; grants that ask for one hold again`);
}

async function list({ connect, output }: CommandContext): Promise<void> {
  const found = await connect().call(api.secondFactors.list, {});
  output.list(found, found.items, [
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'NAME', value: ({ name }) => name },
    { title: 'SIGNS IN ALONE', value: ({ signsInAlone }) => (signsInAlone === null ? 'not known' : signsInAlone ? 'yes' : 'no') },
    { title: 'ADDED', value: ({ createdAt }) => createdAt },
    { title: 'LAST USED', value: ({ lastUsedAt }) => lastUsedAt },
    { title: 'ID', value: ({ id }) => id },
  ]);
  if (found.items.length === 0) output.say(`no second factor yet; ${howToAdd}`);
  else output.say(`${counted(found.recoveryCodesLeft, 'recovery code')} left; new ones: infra mfa recovery-codes`);
}

const howToAdd = 'add one: infra mfa add (an app), or infra mfa add-passkey';

async function remove(context: CommandContext, input: CommandInput): Promise<void> {
  const { call } = context.connect();
  const { items: factors } = await call(api.secondFactors.list, {});
  const factor = chooseFactor(factors, input.optional('factor'));
  const code = await proveWith(context, input, { call, factors, purpose: 'remove' });
  await call(api.secondFactors.remove, { params: { id: factor.id }, body: { code } });
  context.output.say(
    factors.length > 1
      ? 'the second factor is removed; the other is asked for as before'
      : 'the second factor is removed: from now on the password alone opens the door',
  );
}

function chooseFactor(factors: readonly SecondFactor[], wanted: string | undefined): SecondFactor {
  const found = wanted === undefined ? factors : factors.filter(({ id, name, kind }) => [id, name, kind].includes(wanted));
  const [factor, ...others] = found;
  if (factors.length === 0) throw new CliError('notFound', `you have no second factor; ${howToAdd}`);
  if (factor === undefined) throw new CliError('notFound', `you have no second factor "${wanted ?? ''}"; see: infra mfa list`);
  if (others.length > 0) throw new CliError('wrongUse', 'you have several; say which one by its id, as infra mfa list shows it');
  return factor;
}

async function renewRecoveryCodes(context: CommandContext, input: CommandInput): Promise<void> {
  const { call } = context.connect();
  const { items: factors } = await call(api.secondFactors.list, {});
  const renewed = await call(api.secondFactors.renewRecoveryCodes, {
    body: { code: await proveWith(context, input, { call, factors, purpose: 'recovery-codes' }) },
  });
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
