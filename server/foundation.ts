/** What every feature of the server is built from. */
import type { Clock } from '../shared/clock.ts';
import type { BuildInfo } from '../shared/node/build-info.ts';
import type { Logger } from '../shared/node/logger.ts';
import type { CertificateAuthority } from './authority/certificate-authority.ts';
import type { Sealing } from './authority/sealing.ts';
import type { Relaying } from './compose-relay.ts';
import type { ServerConfig } from './config.ts';
import type { Directory } from './destinations/directory.ts';
import type { Presence } from './destinations/presence.ts';
import type { Metrics } from './http/metrics.ts';
import type { LiveEvents } from './live/live-events.ts';
import type { LoginAttempts } from './login/login-attempts.ts';
import type { MailSender } from './mail/mail-sender.ts';
import type { ChangeBell } from './storage/change-feed.ts';
import type { Transact } from './storage/transact.ts';
import type { Stores } from './stores.ts';

export interface ComposeOptions {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly build: BuildInfo;
}

export interface Foundation extends ComposeOptions {
  readonly read: Stores;
  readonly transact: Transact<Stores>;
  readonly bell: ChangeBell;
  /** What open pages hear. */
  readonly live: LiveEvents;
  readonly authority: CertificateAuthority;
  readonly attempts: LoginAttempts;
  /** Absent: no mail is set up. */
  readonly mail: MailSender | undefined;
  /** For secrets at rest. */
  readonly sealing: Sealing;
  /** The DNS name that a destination's connector serves under. */
  readonly serverNameOf: (destinationId: string) => string;
  /** Who is in contact. */
  readonly presence: Presence;
  readonly relay: Relaying;
  readonly metrics: Metrics;
  readonly directory: Directory;
}
