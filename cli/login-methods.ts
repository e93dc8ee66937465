/** Ways to log in, as values: which one the person's options ask for, and how each gets its session. */
import { ownPagesMethod, ownProvider } from '../shared/api/browser-login.ts';
import { api } from '../shared/api/index.ts';
import type { CallResult } from '../shared/api/endpoint.ts';
import { ApiError, type Call } from '../shared/client.ts';
import { isEmail } from '../shared/resource-name.ts';
import type { ServerInfo } from '../shared/api/server-info.ts';
import { loginByBrowser } from './browser-login/browser-login.ts';
import type { Codes } from './browser-login/login-announcement.ts';
import { browserFor } from './browser-login/open-browser.ts';
import { loginByDevice } from './device-login/device-login.ts';
import { isInteractive, type Environment } from './environment.ts';
import { CliError } from './failure.ts';
import type { Output } from './output.ts';
import { parseServerUrl } from './profiles.ts';
import { askLine, askSecret, readStdinLines } from './prompt.ts';
import { proveAtLogin, type CodeSource } from './second-factor.ts';
import { workloadMethod } from './workload-login.ts';

export type OpenedSession = CallResult<typeof api.login.accessKey>;

export interface LoginInput {
  readonly call: Call;
  readonly environment: Environment;
  readonly output: Output;
  /** Where the session is wanted. */
  readonly server: string;
  readonly options: LoginOptions;
  /** Who was logged in with this profile before: offered when nobody is named. */
  readonly lastUser: string | undefined;
}

export interface LoginOptions {
  readonly user: string | undefined;
  readonly passwordStdin: boolean;
  readonly keyStdin: boolean;
  /** `-`: stdin. */
  readonly workloadTokenFile: string | undefined;
  readonly provider: string | undefined;
  /** To be asked anew by it. */
  readonly isFresh: boolean;
  readonly noBrowser: boolean;
  /** A code to type in a browser anywhere: asked for; or in place of a browser here, where none can be opened; or not even then. */
  readonly device: 'asked-for' | 'without-browser' | 'never';
  /** How long the browser may take. */
  readonly timeoutSeconds: number;
}

export interface LoginMethod {
  /** Set: who asks for a login of this name at the same moment wants this very one, and it is made once. */
  readonly sharedAs: string | undefined;
  /** Of a workload: read again when the session is over. */
  readonly workloadTokenFile?: string | undefined;
  readonly run: () => Promise<OpenedSession>;
}

/**
 * What the options ask for; without any, the browser where the server has identity providers, else the password, which is asked for at the
 * terminal, or on the server's own pages when there is none.
 */
export async function chooseLoginMethod(input: LoginInput): Promise<LoginMethod> {
  const { keyStdin, passwordStdin, user, provider, isFresh, noBrowser, workloadTokenFile, device } = input.options;
  const asksForPassword = passwordStdin || user !== undefined;
  const asksForBrowser = provider !== undefined || isFresh || noBrowser;
  const asksForCode = device === 'asked-for';
  if (asksForCode && (keyStdin || asksForPassword || asksForBrowser || workloadTokenFile !== undefined))
    throw new CliError(
      'wrongUse',
      '--device goes without the options of other ways to log in: whom you sign in as, and where, is chosen on the page',
    );
  if (asksForCode) return deviceMethod(input);
  if (workloadTokenFile !== undefined && (keyStdin || asksForPassword || asksForBrowser))
    throw new CliError('wrongUse', 'a token says whose it is: --workload goes without the options of other ways to log in');
  if (workloadTokenFile !== undefined) return workloadMethod(input, workloadTokenFile);
  if (keyStdin && asksForPassword)
    throw new CliError('wrongUse', 'a key says whose it is: --key-stdin goes without --user and --password-stdin');
  if (asksForBrowser && (keyStdin || asksForPassword))
    throw new CliError(
      'wrongUse',
      '--provider, --fresh and --no-browser are for the login by browser: they go without --user, --password-stdin and --key-stdin',
    );
  if (keyStdin) return { sharedAs: undefined, run: () => loginWithKey(input) };
  if (asksForPassword) return { sharedAs: undefined, run: () => loginWithPassword(input) };
  return (await browserMethod(input, asksForBrowser)) ?? { sharedAs: undefined, run: () => loginWithPassword(input) };
}

async function browserMethod(input: LoginInput, isAskedFor: boolean): Promise<LoginMethod | undefined> {
  const { provider } = input.options;
  const info = await input.call(api.server.info, {});
  const { publicUrl, loginMethods } = info;
  const ways = [...info.providers.map(({ name }) => name), ...(loginMethods.includes(ownPagesMethod) ? [ownProvider] : [])];
  const isWanted = isAskedFor || info.providers.length > 0 || (ways.length > 0 && canAskInBrowserAlone(input.environment, publicUrl));
  if (!isWanted) return undefined;
  if (ways.length === 0) throw new CliError('wrongUse', `${input.server} has no identity provider; log in with a password: --user EMAIL`);
  if (provider !== undefined && !ways.includes(provider))
    throw new CliError('notFound', `${input.server} has no identity provider "${provider}"; it has: ${ways.join(', ')}`);
  const server = publicOrigin(input, info);
  const { call, environment, output, options } = input;
  const { isFresh, noBrowser, timeoutSeconds, device } = options;
  // By a code, whether to ask anew is not for this terminal to say.
  const codes = device === 'without-browser' && !isFresh ? codesAt(info) : 'none';
  return {
    // One that was begun without is not what is asked for.
    sharedAs: isFresh ? undefined : (provider ?? ''),
    run: () => loginByBrowser({ call, environment, output, server, provider, isFresh, noBrowser, codes, timeoutSeconds }),
  };
}

/** Nobody is at the terminal to be asked for a password, and there is a browser to ask in. */
const canAskInBrowserAlone = (environment: Environment, url: string): boolean =>
  !isInteractive(environment) && browserFor(environment, url).kind === 'commands';

function codesAt({ loginMethods, closedLoginMethods }: Pick<ServerInfo, 'loginMethods' | 'closedLoginMethods'>): Codes {
  if (closedLoginMethods.includes('device')) return 'closed';
  return loginMethods.includes('device') ? 'instead' : 'none';
}

async function deviceMethod(input: LoginInput): Promise<LoginMethod> {
  const info = await input.call(api.server.info, {});
  const codes = codesAt(info);
  if (codes === 'closed')
    throw new CliError(
      'forbidden',
      `logins by a code are closed at ${input.server}; log in where a browser can be opened, with a password (--user EMAIL) or with an access key (--key-stdin)`,
    );
  if (codes === 'none')
    throw new CliError(
      'wrongUse',
      `${input.server} is too old for logins by a code; log in with a password (--user EMAIL) or an access key (--key-stdin)`,
    );
  const server = publicOrigin(input, info);
  const { call, environment, output, options } = input;
  // Each asks for a code of its own: somebody looks at this very terminal.
  return { sharedAs: undefined, run: () => loginByDevice({ call, environment, output, server, timeoutSeconds: options.timeoutSeconds }) };
}

/** The provider sends people back there, and cookies are for that host alone. An https origin or nothing: it is handed to a browser. */
function publicOrigin(input: LoginInput, { publicUrl }: { readonly publicUrl: string }): string {
  const server = parseServerUrl(publicUrl);
  if (server !== undefined) return server;
  throw new CliError('failed', `${input.server} names no https address of its own; its admin must mend publicUrl`);
}

async function loginWithKey({ call, environment }: LoginInput): Promise<OpenedSession> {
  const [key = ''] = await readStdinLines(environment);
  if (key.trim() === '')
    throw new CliError('wrongUse', 'no access key came on stdin; pipe it in, as in: infra login SERVER --key-stdin < key-file');
  return call(api.login.accessKey, { body: { key: key.trim() } });
}

async function loginWithPassword(input: LoginInput): Promise<OpenedSession> {
  const { call } = input;
  const { email, password, codes, newPassword } = await (input.options.passwordStdin ? readPassword(input) : askPassword(input));
  const first = await call(api.login.password, { body: { email, password } }).catch(async (error: unknown) => {
    if (isWrongPassword(error)) await offerReset(input, email);
    throw error;
  });
  if (first.status === 'mfa-required' && !first.kinds.includes('totp'))
    input.output.warn(
      `your second factor is a passkey, which takes a browser: infra login ${input.server} --provider infra; here a recovery code does`,
    );
  const result = first.status === 'mfa-required' ? await proveAtLogin(call, first.mfaToken, codes) : first;
  if (result.status === 'session') return result;
  return call(api.login.changePassword, { body: { changeToken: result.changeToken, newPassword: await newPassword() } });
}

const isWrongPassword = (error: unknown): boolean => error instanceof ApiError && error.problem.code === 'login.failed';

/** What the refusal cannot say, for it is the same on every server. */
async function offerReset({ call, output, server }: LoginInput, email: string): Promise<void> {
  const info = await call(api.server.info, {}).catch(() => undefined);
  if (info?.passwordReset === true && isEmail(email))
    output.say(`forgotten? get a mail with a link to choose a new one: infra --server ${server} reset-password ${email}`);
}

interface PasswordInput {
  readonly email: string;
  readonly password: string;
  readonly codes: CodeSource;
  readonly newPassword: () => Promise<string>;
}

/** Line by line what the server asks for: the password; a code, of whoever has a second factor; a new password, in place of a one-time one. */
async function readPassword({ environment, options, lastUser }: LoginInput): Promise<PasswordInput> {
  const email = options.user ?? lastUser;
  if (email === undefined) throw new CliError('wrongUse', '--password-stdin needs --user EMAIL');
  const [password = '', ...more] = await readStdinLines(environment);
  if (password === '') throw new CliError('wrongUse', 'no password came on stdin; give it as the first line');
  const next = async (wanted: string): Promise<string> => {
    const line = more.shift() ?? '';
    if (line !== '') return line;
    throw new CliError('failed', `${wanted} as the next line on stdin`);
  };
  return {
    ...{ email, password },
    codes: { tries: 1, code: () => next('this account has a second factor: give its code, or a recovery code,') },
    newPassword: () => next('this is a one-time password and must be changed: give the new password'),
  };
}

async function askPassword({ environment, options, lastUser }: LoginInput): Promise<PasswordInput> {
  if (!isInteractive(environment))
    throw new CliError('wrongUse', 'nobody is at the terminal to type a password; use --user EMAIL --password-stdin, or --key-stdin');
  const offered = lastUser === undefined ? '' : ` [${lastUser}]`;
  const typed = options.user ?? (await askLine(environment, `email${offered}: `)).trim();
  const email = typed === '' ? (lastUser ?? '') : typed;
  const password = await askSecret(environment, `password of ${email}: `);
  const code = (): Promise<string> => askSecret(environment, 'code of the second factor, or a recovery code: ');
  return { email, password, codes: { tries: 3, code }, newPassword: () => askNewPassword(environment) };
}

async function askNewPassword(environment: Environment): Promise<string> {
  environment.stderr.write('this was a one-time password; choose your own now\n');
  const first = await askSecret(environment, 'new password: ');
  const second = await askSecret(environment, 'new password again: ');
  if (first !== second) throw new CliError('failed', 'the two passwords differ; log in again with the one-time password');
  return first;
}
