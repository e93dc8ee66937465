/** Whether the credential plugin may open the login by browser for the person in front of kubectl: pure. */
import { parseDuration } from '../shared/ttl.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export interface Caller {
  readonly variables: Variables;
  readonly isStderrTerminal: boolean;
  /** Where kubectl's own output goes; undefined: it cannot be seen here. */
  readonly callerStdout: 'terminal' | 'elsewhere' | undefined;
  /** The identity provider of the session that is over. */
  readonly provider: string | null;
  /** When such a login failed last, and now: milliseconds. */
  readonly failedAt: number | undefined;
  readonly now: number;
}

/** Whoever closed the tab does not want the next one a moment later: a loop in a shell opens one, not one a turn. */
export const restMilliseconds = 600_000;

/**
 * Only where kubectl itself was typed at a terminal: its input and output are the person's, and so is what it writes here. What a prompt, a
 * completion or a script asks has one of them taken away. `INFRA_PLUGIN_LOGIN=never` is the person's word.
 */
export function mayOpenLogin({ variables, isStderrTerminal, callerStdout, provider, failedAt, now }: Caller): boolean {
  if (provider === null || variables['INFRA_PLUGIN_LOGIN'] === 'never') return false;
  if (!isStderrTerminal || callerStdout === 'elsewhere' || !isInteractive(variables['KUBERNETES_EXEC_INFO'])) return false;
  return failedAt === undefined || now - failedAt > restMilliseconds;
}

const usualPatienceSeconds = 120;

/** How long kubectl waits for the browser: `INFRA_PLUGIN_LOGIN=5m`. */
export const patienceSeconds = ({ INFRA_PLUGIN_LOGIN: wish }: Variables): number =>
  Math.min(parseDuration(wish ?? '') ?? usualPatienceSeconds, 600);

/** As client-go tells its plugins (`ExecCredential.spec.interactive`, client.authentication.k8s.io/v1). */
function isInteractive(execInfo: string | undefined): boolean {
  try {
    const info = JSON.parse(execInfo ?? '') as { readonly spec?: { readonly interactive?: unknown } } | null;
    return info?.spec?.interactive === true;
  } catch {
    return false;
  }
}
