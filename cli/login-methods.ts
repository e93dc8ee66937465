/** Ways to log in, as values: the first that the person's options ask for is taken. A further way is one more value in this list. */
import { api } from '../shared/api/index.ts';
import type { CallResult } from '../shared/api/endpoint.ts';
import type { Call } from '../shared/client.ts';
import { isInteractive, type Environment } from './environment.ts';
import { CliError } from './failure.ts';
import { askLine, askSecret, readStdinLines } from './prompt.ts';

export type OpenedSession = CallResult<typeof api.login.accessKey>;

export interface LoginInput {
  readonly call: Call;
  readonly environment: Environment;
  readonly options: LoginOptions;
  /** Who was logged in with this profile before: offered when nobody is named. */
  readonly lastUser: string | undefined;
}

export interface LoginOptions {
  readonly user: string | undefined;
  readonly passwordStdin: boolean;
  readonly keyStdin: boolean;
}

interface LoginMethod {
  /** As the server lists it in `loginMethods`. */
  readonly name: string;
  readonly isAskedFor: (options: LoginOptions) => boolean;
  readonly run: (input: LoginInput) => Promise<OpenedSession>;
}

const methods: readonly LoginMethod[] = [
  { name: 'access-key', isAskedFor: (options) => options.keyStdin, run: loginWithKey },
  { name: 'password', isAskedFor: () => true, run: loginWithPassword },
];

export async function logIn(input: LoginInput): Promise<OpenedSession> {
  if (input.options.keyStdin && (input.options.passwordStdin || input.options.user !== undefined))
    throw new CliError('wrongUse', 'a key says whose it is: --key-stdin goes without --user and --password-stdin');
  const method = methods.find((each) => each.isAskedFor(input.options));
  if (method === undefined) throw new CliError('wrongUse', 'no way to log in was chosen; see: infra login --help');
  return method.run(input);
}

async function loginWithKey({ call, environment }: LoginInput): Promise<OpenedSession> {
  const [key = ''] = await readStdinLines(environment);
  if (key.trim() === '')
    throw new CliError('wrongUse', 'no access key came on stdin; pipe it in, as in: infra login SERVER --key-stdin < key-file');
  return call(api.login.accessKey, { body: { key: key.trim() } });
}

async function loginWithPassword(input: LoginInput): Promise<OpenedSession> {
  const { call } = input;
  const { email, password, newPassword } = await (input.options.passwordStdin ? readPassword(input) : askPassword(input));
  const result = await call(api.login.password, { body: { email, password } });
  if (result.status === 'session') return result;
  return call(api.login.changePassword, { body: { changeToken: result.changeToken, newPassword: await newPassword() } });
}

interface PasswordInput {
  readonly email: string;
  readonly password: string;
  readonly newPassword: () => Promise<string>;
}

/** First line the password; the second, when there is one, replaces a one-time password. */
async function readPassword({ environment, options, lastUser }: LoginInput): Promise<PasswordInput> {
  const email = options.user ?? lastUser;
  if (email === undefined) throw new CliError('wrongUse', '--password-stdin needs --user EMAIL');
  const [password = '', next = ''] = await readStdinLines(environment);
  if (password === '') throw new CliError('wrongUse', 'no password came on stdin; give it as the first line');
  const newPassword = async (): Promise<string> => {
    if (next !== '') return next;
    throw new CliError('failed', 'this is a one-time password and must be changed: give the new password as the second line on stdin');
  };
  return { email, password, newPassword };
}

async function askPassword({ environment, options, lastUser }: LoginInput): Promise<PasswordInput> {
  if (!isInteractive(environment))
    throw new CliError('wrongUse', 'nobody is at the terminal to type a password; use --user EMAIL --password-stdin, or --key-stdin');
  const offered = lastUser === undefined ? '' : ` [${lastUser}]`;
  const typed = options.user ?? (await askLine(environment, `email${offered}: `)).trim();
  const email = typed === '' ? (lastUser ?? '') : typed;
  const password = await askSecret(environment, `password of ${email}: `);
  return { email, password, newPassword: () => askNewPassword(environment) };
}

async function askNewPassword(environment: Environment): Promise<string> {
  environment.stderr.write('this was a one-time password; choose your own now\n');
  const first = await askSecret(environment, 'new password: ');
  const second = await askSecret(environment, 'new password again: ');
  if (first !== second) throw new CliError('failed', 'the two passwords differ; log in again with the one-time password');
  return first;
}
