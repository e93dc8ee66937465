/** Defences of the reset of passwords by mail: taken out of the built server one by one, each attack succeeds. */
import Sqlite from 'better-sqlite3';
import { api } from '../../shared/api/index.ts';
import { linkIn, plantResetLink, startMailingServer, startMailServer, type MailServer } from '../support/mail-server.ts';
import { newPerson, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { at } from '../api/audit-stage.ts';
import { brokenIf, cutIn } from './defence.ts';
import { describeDefencesOn, succeeds, type ServerDefence } from './describe-server-defences.ts';

interface Stage {
  readonly mail: MailServer;
  readonly server: RunningServer;
  stop(): Promise<unknown>;
}
type Defence = ServerDefence<Stage>;

const newPassword = 'a new lantern in the harbour';
const mails = cutIn('login/password-mails.js');
const tokens = cutIn('login/token-store.js');
const sender = cutIn('mail/mail-sender.js');

const open =
  (wish: Parameters<typeof startMailServer>[0] = {}) =>
  async (main: string | undefined): Promise<Stage> => {
    const mail = await startMailServer(wish);
    const server = await startMailingServer(mail, main === undefined ? {} : { main });
    return { mail, server, stop: async () => Promise.all([server.stop(), mail.stop()]) };
  };
const ask = async ({ server }: Stage, email: string) => server.client()(api.login.requestReset, { body: { email } });
const use = async ({ server }: Stage, token: string) =>
  succeeds(server.client()(api.login.resetPassword, { body: { token, newPassword } }));
const mailed = async (stage: Stage, email: string): Promise<string> => {
  const before = stage.mail.mails.length;
  await ask(stage, email);
  return linkIn(await stage.mail.next(email, before)).token;
};
/** An attempt to send has ended, well or not. */
const untilTried = async ({ mail, server }: Stage) =>
  waitFor(() => mail.mails.length > 0 || server.program().stdout().includes('a mail '), { within: 15, what: 'a mail to be tried' });

const ofLinks: readonly Defence[] = [
  {
    name: 'a link ends with the password it was made for',
    row: 26,
    behind: [cutIn('login/login-service.js')('await stores.loginTokens.voidOf(caller.identity.id, act.now);', '')],
    cut: cutIn('login/password-reset-rules.js')('subject.password.changedAt < madeAt', 'true'),
    attack: async (stage) => {
      const person = await newPerson(stage.server, 'ana@example.com');
      const token = plantResetLink(stage.server, person.id);
      await person.call(api.sessions.changeOwnPassword, {
        body: { currentPassword: person.password, newPassword: `${newPassword} of mine` },
      });
      return use(stage, token);
    },
  },
  {
    name: 'a link ends with the access of its person',
    row: 11,
    cut: cutIn('stores.js')('await loginTokens.voidOf(identityId, act.now);', ''),
    attack: async (stage) => {
      const { id } = await newPerson(stage.server, 'ana@example.com');
      const token = plantResetLink(stage.server, id, Date.now() + 1);
      const admin = await stage.server.admin();
      await admin(api.users.disable, at(id));
      await admin(api.users.enable, at(id));
      return use(stage, token);
    },
  },
  {
    name: 'only the newest link holds',
    row: 26,
    cut: mails("await stores.loginTokens.voidOf(identity.id, act.now, 'password-reset');", ''),
    attack: async (stage) => {
      await newPerson(stage.server, 'ana@example.com');
      const older = await mailed(stage, 'ana@example.com');
      await mailed(stage, 'ana@example.com');
      return use(stage, older);
    },
  },
  {
    name: 'a token of another kind is no link',
    row: 26,
    behind: [
      tokens(
        "set({ used_at: toTime(now) })\n                .where('secret_hash', '=', hashSecret(secret))\n                .where('kind', '=', kind)",
        "set({ used_at: toTime(now) })\n                .where('secret_hash', '=', hashSecret(secret))",
      ),
    ],
    cut: tokens(".where('kind', '=', kind)\n            .executeTakeFirst();\n        if (row", '.executeTakeFirst();\n        if (row'),
    attack: async (stage) => {
      const { oneTimePassword } = await (await stage.server.admin())(api.users.create, { body: { email: 'fresh@example.com' } });
      const opened = await stage.server.client()(api.login.password, {
        body: { email: 'fresh@example.com', password: oneTimePassword ?? '' },
      });
      return opened.status === 'password-change-required' ? use(stage, opened.changeToken) : 'held';
    },
  },
];

const ofMail: readonly Defence[] = [
  {
    name: 'mail goes to the account’s own address, not to the one that was typed',
    row: 16,
    cut: mails('to: identity.name, ...text', "to: 'email' in about ? about.email : identity.name, ...text"),
    attack: async (stage) => {
      await newPerson(stage.server, 'kim@example.com');
      await ask(stage, '\u212aim@example.com');
      await untilTried(stage);
      return brokenIf(stage.mail.mails.some(({ recipients }) => !recipients.includes('kim@example.com')));
    },
  },
  {
    name: 'three mails an hour for an account',
    row: 28,
    cut: cutIn('login/password-reset-limits.js')('if (failures > limit)', 'if (limit < 0)'),
    attack: async (stage) => {
      const all = await Promise.all(Array.from({ length: 5 }, async () => succeeds(ask(stage, 'ana@example.com'))));
      return brokenIf(!all.includes('held'));
    },
  },
  {
    name: 'a name of two addresses is none',
    row: 29,
    cut: sender('!isEmail(mail.to) || ', ''),
    attack: async (stage) => {
      const { id } = await newPerson(stage.server, 'ana@example.com');
      const database = new Sqlite(stage.server.databaseFile);
      database.prepare('UPDATE identities SET name = ? WHERE id = ?').run('ana@example.com,eve@example.com', id);
      database.close();
      await ask(stage, 'ana@example.com');
      await untilTried(stage);
      return brokenIf(stage.mail.mails.some(({ recipients }) => recipients.includes('eve@example.com')));
    },
  },
];

const ofTheWay: readonly Defence[] = [
  {
    name: 'TLS is demanded',
    row: 30,
    cut: sender('requireTLS: !isTlsFromStart', 'requireTLS: false'),
    attack: async (stage) => {
      await newPerson(stage.server, 'ana@example.com');
      await ask(stage, 'ana@example.com');
      await untilTried(stage);
      return brokenIf(stage.mail.mails.some(({ isOverTls }) => !isOverTls) || stage.mail.passwords.length > 0);
    },
  },
];

describeDefencesOn('links by mail', open(), ofLinks);
describeDefencesOn('mail', open(), ofMail);
describeDefencesOn(
  'the way to the mail server',
  open({ scheme: 'smtp', options: { disabledCommands: ['STARTTLS'], allowInsecureAuth: true } }),
  ofTheWay,
);
