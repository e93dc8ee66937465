/**
 * Sends the mail that is due about passwords, off every request. Here it is found out who an email belongs to, and the link is made, anew for each
 * attempt: of what may have arrived twice only the newest opens anything. The attempt is written down before it is made, its end with the audit.
 */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { system, type Act } from '../audit/caller.ts';
import type { AccessEffects } from '../identity/access-effects.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import { named } from '../identity/user-service.ts';
import type { Job } from '../jobs/scheduler.ts';
import { MailError, type Mail, type MailSender } from '../mail/mail-sender.ts';
import { replacedMail, resetMail, type MailText } from '../mail/mail-text-rules.ts';
import { maximumAttempts, retryAfter, whyGivenUp } from '../mail/outgoing-mail-rules.ts';
import type { OutgoingMail, OutgoingMailStore } from '../mail/outgoing-mail-store.ts';
import type { Transact } from '../storage/transact.ts';
import { resetMinutes, whyNoReset } from './password-reset-rules.ts';
import { resetSubjectOf } from './password-reset-subject.ts';
import type { PasswordStore } from './password-store.ts';
import { newSecret } from './secrets.ts';
import type { LoginTokenStore } from './token-store.ts';

interface Stores {
  readonly identities: IdentityStore;
  readonly accounts: Pick<AccountStore, 'ofIdentity'>;
  readonly passwords: Pick<PasswordStore, 'find'>;
  readonly loginTokens: LoginTokenStore;
  readonly outgoingMails: OutgoingMailStore;
  readonly effects: Pick<AccessEffects, 'liveAccessKeys'>;
  readonly audit: AuditLog;
}
export interface PasswordMailsOptions {
  readonly read: Pick<Stores, 'outgoingMails'>;
  readonly transact: Transact<Stores>;
  readonly sender: MailSender;
  /** Links lead there, whatever a request said. */
  readonly publicUrl: string;
  /** For the metrics: each attempt's end. */
  readonly count: (end: MailEnd) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}
export type MailEnd = 'sent' | 'retried' | 'failed';

/** Where a link leads; its secret is the fragment, which no browser sends and no log sees. */
export const resetPath = '/reset-password';

const atOnce = 4;
const inOneRun = 100;

export function passwordMailsJob(options: PasswordMailsOptions): Job {
  const { read, clock } = options;
  const run = async (): Promise<void> => {
    const due = await read.outgoingMails.due(toTime(clock.now()), inOneRun);
    const next = async (): Promise<void> => {
      for (let mail = due.shift(); mail !== undefined; mail = due.shift()) await deliver(options, mail);
    };
    await Promise.all(Array.from({ length: atOnce }, next));
  };
  return { name: 'password-mails', everySeconds: 2, run };
}

interface Ready {
  readonly identity: Identity;
  readonly mail: Mail;
}

async function deliver(options: PasswordMailsOptions, due: OutgoingMail): Promise<void> {
  const { transact, sender, clock, logger, count } = options;
  // What a server that ended in the middle of it, or had no mail set up for a while, left behind.
  const givenUp = whyGivenUp({ attempts: due.attempts, createdAt: fromTime(due.createdAt) }, clock.now());
  if (givenUp !== undefined) return fail(options, due, { attempts: due.attempts, reason: givenUp });
  const ready = await transact(async (stores) => prepare(stores, options, due));
  if (ready === undefined) return;
  const user = named(ready.identity);
  const attempts = due.attempts + 1;
  const fault = await handOver(sender, ready.mail);
  if (fault === undefined) {
    await settle(transact, due, async (audit) =>
      audit.record({ event: 'mail.sent', act: actAt(clock), details: { user, mail: due.kind } }),
    );
    count('sent');
    return;
  }
  if (fault.isFinal || attempts >= maximumAttempts) return fail(options, due, { user, attempts, reason: fault.message });
  logger.warn({ user, mail: due.kind, attempts, reason: fault.message }, 'a mail could not be sent, and is tried again');
  count('retried');
}

interface Failure {
  readonly user?: { readonly id: string; readonly name: string };
  readonly attempts: number;
  readonly reason: string;
}

async function fail(
  { transact, clock, logger, count }: PasswordMailsOptions,
  due: OutgoingMail,
  { user, attempts, reason }: Failure,
): Promise<void> {
  const { about } = due;
  const whom = user ?? { id: 'identityId' in about ? about.identityId : '', name: 'email' in about ? about.email : about.identityId };
  const details = { user: whom, mail: due.kind, attempts, reason };
  await settle(transact, due, async (audit) => audit.record({ event: 'mail.failed', act: actAt(clock), outcome: 'failed', details }));
  logger.error(details, 'a mail was not sent');
  count('failed');
}

const actAt = (clock: Clock): Act => ({ by: system, now: clock.now() });

async function settle(transact: Transact<Stores>, { id }: OutgoingMail, record: (audit: AuditLog) => Promise<void>): Promise<void> {
  await transact(async ({ outgoingMails, audit }) => {
    await outgoingMails.remove(id);
    await record(audit);
  });
}

/** What went wrong; undefined: it was taken. */
async function handOver(sender: MailSender, mail: Mail): Promise<MailError | undefined> {
  try {
    await sender.send(mail);
    return undefined;
  } catch (error) {
    if (error instanceof MailError) return error;
    throw error;
  }
}

/** Takes the mail on, and writes it; undefined when it is another's, or not to be sent. */
async function prepare(stores: Stores, options: PasswordMailsOptions, due: OutgoingMail): Promise<Ready | undefined> {
  const { outgoingMails, identities, audit } = stores;
  const act = actAt(options.clock);
  if (!(await outgoingMails.claim(due, toTime(act.now + retryAfter(due.attempts + 1))))) return undefined;
  const { about } = due;
  const identity = 'email' in about ? await identities.findByName('user', about.email) : await identities.find(about.identityId);
  const text = await textFor(stores, { due, identity, act, publicUrl: options.publicUrl });
  // To the address that the account has here, never to the one that was typed: the two may read alike and be different mailboxes.
  if (identity !== undefined && !('none' in text)) return { identity, mail: { to: identity.name, ...text } };
  await outgoingMails.remove(due.id);
  await audit.record({
    ...{ event: 'password.reset-refused', act, outcome: 'refused' },
    details: {
      attempted: identity?.name ?? ('email' in about ? about.email : about.identityId),
      reason: 'none' in text ? text.none : 'unknown account',
    },
  });
  return undefined;
}

interface Writing extends Pick<PasswordMailsOptions, 'publicUrl'> {
  readonly due: OutgoingMail;
  readonly identity: Identity | undefined;
  readonly act: Act;
}

async function textFor(stores: Stores, { due, identity, act, publicUrl }: Writing): Promise<MailText | { readonly none: string }> {
  if (due.kind === 'password-replaced') {
    if (identity === undefined) return { none: 'unknown account' };
    const { length: accessKeys } = await stores.effects.liveAccessKeys(identity.id, act);
    return replacedMail({ account: identity.name, publicUrl, at: due.createdAt, accessKeys });
  }
  const subject = await resetSubjectOf(stores, identity);
  const isOrdered = due.kind === 'reset-ordered';
  const why = whyNoReset(subject, { by: isOrdered ? 'admin' : 'anybody', at: fromTime(due.createdAt) }, act.now);
  if (why !== undefined || identity === undefined) return { none: why ?? 'unknown account' };
  const secret = newSecret('reset');
  await stores.loginTokens.voidOf(identity.id, act.now, 'password-reset');
  await stores.loginTokens.insert({
    ...{ kind: 'password-reset', secret, subjectId: identity.id },
    ...{ now: act.now, lifetimeSeconds: resetMinutes * 60 },
  });
  return resetMail({ account: identity.name, publicUrl, link: `${publicUrl}${resetPath}#${secret}`, minutes: resetMinutes, isOrdered });
}
