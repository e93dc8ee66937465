/** Puts together what needs mail, or says that there is none. */
import type { Foundation } from './foundation.ts';
import type { Metrics } from './http/metrics.ts';
import type { Job } from './jobs/scheduler.ts';
import { passwordMailsJob } from './login/password-mails.ts';
import { passwordPreparation } from './login/password-preparation.ts';
import { createPasswordResetService, type PasswordResetService } from './login/password-reset-service.ts';

export interface MailParts {
  readonly resets: PasswordResetService;
  readonly jobs: readonly Job[];
}

export function composeMail(foundation: Foundation, metrics: Pick<Metrics, 'countMail'>): MailParts {
  const { mail: sender, config, read, transact, attempts, clock, logger } = foundation;
  const { publicUrl } = config;
  return {
    resets: createPasswordResetService({
      ...{ read, transact, attempts, clock },
      preparation: passwordPreparation,
      isOffered: sender !== undefined,
    }),
    jobs: sender === undefined ? [] : [passwordMailsJob({ read, transact, sender, publicUrl, count: metrics.countMail, clock, logger })],
  };
}
