/** All migrations, in order; the number is the schema's version. */
import type { Kysely } from 'kysely';
import { up as foundation } from './migrations/0001-foundation.ts';
import { up as identityProviders } from './migrations/0002-identity-providers.ts';
import { up as refreshTokens } from './migrations/0003-refresh-tokens.ts';
import { up as provisioning } from './migrations/0004-provisioning.ts';
import { up as directories } from './migrations/0005-directories.ts';
import { up as secondFactors } from './migrations/0006-second-factors.ts';
import { up as trustRules } from './migrations/0007-workload-trust.ts';
import { up as outgoingMails } from './migrations/0008-outgoing-mails.ts';
import { up as providerSessions } from './migrations/0009-provider-sessions.ts';
import { up as clientKeys } from './migrations/0010-client-keys.ts';
import { up as loginPurposes } from './migrations/0011-login-purposes.ts';
import { up as deviceLogins } from './migrations/0012-device-logins.ts';
import { up as passkeys } from './migrations/0013-passkeys.ts';
import { up as providerLoginTests } from './migrations/0014-provider-login-tests.ts';
import { up as passkeysAlone } from './migrations/0015-passkeys-alone.ts';
import { up as sessionClients } from './migrations/0016-session-clients.ts';
import { up as overviews } from './migrations/0017-overviews.ts';

export interface Migration {
  readonly version: number;
  readonly up: (db: Kysely<unknown>) => Promise<void>;
}

export const migrations: readonly Migration[] = [
  { version: 1, up: foundation },
  { version: 2, up: identityProviders },
  { version: 3, up: refreshTokens },
  { version: 4, up: provisioning },
  { version: 5, up: directories },
  { version: 6, up: secondFactors },
  { version: 7, up: trustRules },
  { version: 8, up: outgoingMails },
  { version: 9, up: providerSessions },
  { version: 10, up: clientKeys },
  { version: 11, up: loginPurposes },
  { version: 12, up: deviceLogins },
  { version: 13, up: passkeys },
  { version: 14, up: providerLoginTests },
  { version: 15, up: passkeysAlone },
  { version: 16, up: sessionClients },
  { version: 17, up: overviews },
];
