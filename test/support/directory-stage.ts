/** A server with providers at the doubles of Entra and Google, and what their tests have in common. */
import Sqlite from 'better-sqlite3';
import { api } from '../../shared/api/index.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import type { DirectorySettings } from '../../shared/api/provider-directory.ts';
import type { Call } from '../../shared/client.ts';
import { loginByBrowser, LoginFailed } from './browser.ts';
import { startEntra, type Entra } from './doubles/entra.ts';
import { startGoogle, type GoogleDouble } from './doubles/google.ts';
import { startServer, type RunningServer } from './server.ts';

type Created = CallResult<typeof api.identityProviders.create>;
export interface EntraWish {
  readonly name?: string;
  readonly issuer?: string;
  readonly emailDomains?: string[];
  readonly linkUsers?: boolean;
  readonly directory?: Partial<Extract<DirectorySettings, { of: 'entra' }>>;
}
export interface GoogleWish {
  readonly name?: string;
  readonly emailDomains?: string[];
  /** Null: groups are not read. */
  readonly groupsFrom?: 'admin-sdk' | 'cloud-identity' | null;
  readonly delegatedAdmin?: string;
}

export interface DirectoryStage {
  readonly server: RunningServer;
  readonly entra: Entra;
  readonly google: GoogleDouble;
  readonly admin: Call;
  connectEntra(wish?: EntraWish): Promise<Created>;
  connectGoogle(wish?: GoogleWish): Promise<Created>;
  sql(statement: string, ...values: readonly string[]): void;
  /** The one number that a query gives. */
  count(query: string, ...values: readonly string[]): number;
  stop(): Promise<void>;
}

export async function directoryStage(main?: string): Promise<DirectoryStage> {
  const [server, entra, google] = await Promise.all([startServer(main === undefined ? {} : { main }), startEntra(), startGoogle()]);
  const admin = await server.admin();
  const create = async (body: Parameters<typeof admin<typeof api.identityProviders.create>>[1]['body']): Promise<Created> =>
    admin(api.identityProviders.create, { body });
  return {
    server,
    entra,
    google,
    admin,
    connectEntra: async ({
      name = 'entra',
      issuer = entra.issuer,
      emailDomains = ['example.com'],
      linkUsers = false,
      directory = {},
    } = {}) => {
      const { clientId, clientSecret } = entra;
      entra.redirectUris.push(`${server.url}/login/callback/${name}`);
      return create({
        name,
        kind: 'azure',
        issuer,
        clientId,
        clientSecret,
        emailDomains,
        linkUsers,
        directory: { of: 'entra', ...directory },
      });
    },
    connectGoogle: async ({
      name = 'google',
      emailDomains = ['example.com'],
      groupsFrom = 'admin-sdk',
      delegatedAdmin = 'admin@example.com',
    } = {}) => {
      const { issuer, clientId, clientSecret, serviceAccountKey } = google;
      google.redirectUris.push(`${server.url}/login/callback/${name}`);
      const groups = groupsFrom === null ? {} : { directory: { of: 'google' as const, groupsFrom, delegatedAdmin }, serviceAccountKey };
      return create({ name, kind: 'google', issuer, clientId, clientSecret, emailDomains, ...groups });
    },
    sql: (statement, ...values) => {
      const database = new Sqlite(server.databaseFile);
      database.prepare(statement).run(...values);
      database.close();
    },
    count: (query, ...values) => {
      const database = new Sqlite(server.databaseFile, { readonly: true });
      // Whoever asks counts.
      const found = database
        .prepare(query)
        .pluck()
        .get(...values) as number;
      database.close();
      return found;
    },
    stop: async () => {
      await server.stop();
      await Promise.all([entra.stop(), google.stop()]);
    },
  };
}

export const groupNames = async (call: Call): Promise<string[]> =>
  (await call(api.sessions.current, {})).groups.map(({ name }) => name).toSorted();

/** The groups that a login ends with. */
export const loginGroups = async (server: RunningServer, provider: string): Promise<string[]> =>
  groupNames((await loginByBrowser(server, provider)).call);

/** The code a login is refused with, and its sentence. */
export async function loginRefusal(server: RunningServer, provider: string): Promise<{ readonly code: string; readonly sentence: string }> {
  try {
    await loginByBrowser(server, provider);
  } catch (error) {
    if (error instanceof LoginFailed) return { code: error.code, sentence: error.message };
    throw error;
  }
  return { code: 'let in', sentence: '' };
}
