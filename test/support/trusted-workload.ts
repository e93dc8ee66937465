/** A workload and the rule that lets it in. */
import Sqlite from 'better-sqlite3';
import type { z } from 'zod';
import { api } from '../../shared/api/index.ts';
import type { OpenedSession } from '../../cli/login-methods.ts';
import type { TrustRule } from '../../shared/api/trust.ts';
import type { Workload } from '../../shared/api/workloads.ts';
import type { RunningServer } from './server.ts';

type RuleWish = Omit<z.input<typeof api.trustRules.create.body>, 'workload'>;

export const newWorkload = async (server: RunningServer, name: string): Promise<Workload> =>
  (await server.admin())(api.workloads.create, { body: { name } });

export const trust = async (server: RunningServer, { id }: Pick<Workload, 'id'>, rule: RuleWish): Promise<TrustRule> =>
  (await server.admin())(api.trustRules.create, { body: { workload: id, ...rule } });

/** Throws as the client does. */
export const loginWithToken = async (server: RunningServer, token: string): Promise<OpenedSession> =>
  server.client()(api.login.workload, { body: { token } });

/** All tests come from one address, whose refused logins are limited. */
export function forgetAttempts({ databaseFile }: RunningServer): void {
  const database = new Sqlite(databaseFile);
  database.prepare('DELETE FROM login_attempts').run();
  database.close();
}
