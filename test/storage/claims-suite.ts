/** What several want at once and one gets: one-time secrets, join tokens, places in a count. */
import { expect } from 'chai';
import { toTime } from '../../shared/clock.ts';
import { createLoginAttempts } from '../../server/login/login-attempts.ts';
import { now, type Storage } from './fresh-database.ts';

const many = Array.from({ length: 8 }, (_, index) => index);
const day = 86_400_000;

export function describeClaims(storage: () => Storage): void {
  const token = { kind: 'setup', secret: 'infra_setup_x', subjectId: null, now, lifetimeSeconds: 60 } as const;

  it('of many who use a one-time secret at once one does, inside and outside of transactions', async () => {
    const { read, transact } = storage();
    await read.loginTokens.insert(token);
    const uses = many.map(async (index) =>
      index % 2 === 0
        ? read.loginTokens.use('setup', token.secret, now)
        : transact(async ({ loginTokens }) => loginTokens.use('setup', token.secret, now)),
    );
    expect((await Promise.all(uses)).filter((used) => used !== undefined)).to.have.length(1);
  });

  it('a one-time secret is none of another kind, none after its time, and free again when its use was taken back', async () => {
    const { read, transact } = storage();
    await read.loginTokens.insert(token);
    expect(await read.loginTokens.use('password-change', token.secret, now)).to.equal(undefined);
    expect(await read.loginTokens.peek('setup', token.secret, now + 60_000)).to.equal(undefined);
    const failed = transact(async ({ loginTokens }) => {
      await loginTokens.use('setup', token.secret, now);
      throw new Error('no');
    });
    await failed.catch(() => undefined);
    expect(await read.loginTokens.peek('setup', token.secret, now)).to.deep.include({ subjectId: null });
    await read.loginTokens.voidAll('setup', now);
    expect(await read.loginTokens.use('setup', token.secret, now)).to.equal(undefined);
  });

  it('one-time secrets of one person are void without those of others', async () => {
    const { read } = storage();
    const link = { ...token, kind: 'password-reset' } as const;
    for (const person of ['usr_1', 'usr_2']) await read.loginTokens.insert({ ...link, secret: person, subjectId: person });
    await read.loginTokens.voidOf('usr_1', now, 'password-reset');
    expect(await read.loginTokens.peek('password-reset', 'usr_1', now)).to.equal(undefined);
    expect(await read.loginTokens.peek('password-reset', 'usr_2', now)).to.deep.include({ subjectId: 'usr_2' });
  });

  it('of many who want to send a mail at once one does, and it is due again when that one has ended', async () => {
    const { read } = storage();
    await read.outgoingMails.add('password-replaced', { identityId: 'usr_1' }, now);
    expect(await read.outgoingMails.due(toTime(now), 10)).to.deep.equal([]);
    const [mail, ...others] = await read.outgoingMails.due(toTime(now + 1), 10);
    if (mail === undefined) throw new Error('a mail is due');
    expect(others).to.deep.equal([]);
    const claims = await Promise.all([1, 2, 3].map(async () => read.outgoingMails.claim(mail, toTime(now + 60_000))));
    expect(claims.filter(Boolean)).to.have.length(1);
    expect(await read.outgoingMails.due(toTime(now + 59_999), 10)).to.deep.equal([]);
    expect((await read.outgoingMails.due(toTime(now + 60_000), 10)).map(({ attempts }) => attempts)).to.deep.equal([1]);
  });

  it('a join token is bound to the first key that shows it, and stays with it', async () => {
    const { connectors } = storage().read;
    await connectors.insertJoinToken({ secretHash: 'hash', destinationId: 'dst_1', now, lifetimeSeconds: 60 });
    const bound = await Promise.all(many.map(async (index) => connectors.bindJoinToken('hash', `key-${index}`, now)));
    expect(bound.filter((isMine) => isMine)).to.have.length(1);
    const winner = bound.indexOf(true);
    expect(await connectors.bindJoinToken('hash', `key-${winner}`, now)).to.equal(true);
    expect(await connectors.bindJoinToken('hash', 'key-late', now)).to.equal(false);
    await connectors.removeJoinTokens('dst_1');
    expect(await connectors.bindJoinToken('hash', `key-${winner}`, now)).to.equal(false);
  });

  describe('login attempts', () => {
    const limits = {
      accountAndSource: 3,
      source: 5,
      account: 7,
      browserLogins: 4,
      devices: { begun: 3, userCodesOfSource: 3, userCodes: 5 },
      codes: { accountAndSource: 2, account: 4, accountPerDay: 6 },
    };
    const attempts = () => createLoginAttempts(storage().transact, limits);
    const looked = async (tries: readonly (readonly [account: string, source: string])[], at = now): Promise<number> => {
      const outcomes = await Promise.all(tries.map(async ([account, source]) => attempts().count(account, source, at)));
      return outcomes.filter((limit) => limit === undefined).length;
    };

    it('at the same moment are counted one by one, and one of them is the first too many', async () => {
      const outcomes = await Promise.all(many.map(async () => attempts().count('ana@example.com', '192.0.2.1', now)));
      const over = outcomes.filter((limit) => limit !== undefined);
      expect(over).to.have.length(many.length - limits.accountAndSource);
      expect(over.filter(({ isFirst }) => isFirst)).to.have.length(1);
    });

    it('are counted for the account however it is spelt', async () => {
      const spellings = ['ana@example.com', 'ANA@example.com', 'Ana@Example.COM', 'ａna@example.com'];
      expect(await looked(spellings.map((account) => [account, '192.0.2.1']))).to.equal(limits.accountAndSource);
    });

    it('are counted for the address over all accounts, and for the account over all addresses', async () => {
      expect(await looked(many.map((index) => [`user${index}@example.com`, '192.0.2.1']))).to.equal(limits.source);
      expect(await looked(many.map((index) => ['bea@example.com', `198.51.100.${index}`]))).to.equal(limits.account);
    });

    it('are free again when the window is over, and no sooner', async () => {
      const one = [['ana@example.com', '192.0.2.1']] as const;
      await looked(many.map(() => one[0]));
      expect(await looked(one, now + 15 * 60_000 - 1)).to.equal(0);
      expect(await looked(one, now + 15 * 60_000)).to.equal(1);
    });

    it('beyond the limit are told when to come back, and the first of them is told apart', async () => {
      const limited = [];
      for (const _ of many) limited.push(await attempts().count('ana@example.com', '192.0.2.1', now));
      const over = limited.filter((limit) => limit !== undefined);
      expect(over.map(({ isFirst }) => isFirst)).to.deep.equal([true, false, false, false, false]);
      expect(over[0]?.error).to.deep.include({ code: 'login.rate-limited', retryAfterSeconds: 900 });
    });

    it('that succeed are taken back, and take back no one else’s', async () => {
      for (const _ of [...many, ...many]) {
        expect(await attempts().count('ana@example.com', '192.0.2.1', now)).to.equal(undefined);
        await attempts().succeeded('ana@example.com', '192.0.2.1');
      }
      expect(await looked(many.map((index) => [`user${index}@example.com`, '192.0.2.1']))).to.equal(limits.source);
      await attempts().succeeded('ana@example.com', '192.0.2.9');
      expect(await looked([['ana@example.com', '192.0.2.1']])).to.equal(0);
    });

    it('are forgotten with what is older than asked, and no sooner', async () => {
      await looked(many.map(() => ['ana@example.com', '192.0.2.1']));
      const { loginAttempts } = storage().read;
      await loginAttempts.prune(new Date(now - 1).toISOString(), new Date(now - 1).toISOString());
      expect(await looked([['ana@example.com', '192.0.2.1']])).to.equal(0);
      await loginAttempts.prune(new Date(now + day).toISOString(), new Date(now - 1).toISOString());
      expect(await looked([['ana@example.com', '192.0.2.1']])).to.equal(1);
    });

    it('of codes that are typed are counted for the address and in all, and one that held takes back itself alone', async () => {
      const tried = async (sources: readonly string[]): Promise<number> => {
        const outcomes = [];
        for (const source of sources) outcomes.push(await attempts().countUserCode(source, now));
        return outcomes.filter((limit) => limit === undefined).length;
      };
      const here = many.map(() => '192.0.2.1');
      expect(await tried(here.slice(0, 2))).to.equal(2);
      await attempts().userCodeHeld('192.0.2.1');
      expect(await tried(here)).to.equal(limits.devices.userCodesOfSource - 1);
      const elsewhere = many.map((index) => `198.51.100.${index}`);
      expect(await tried(elsewhere)).to.equal(limits.devices.userCodes - limits.devices.userCodesOfSource);
      expect(await attempts().countDeviceLogin('192.0.2.1', now)).to.equal(undefined);
    });

    it('of codes are counted for the account and the address, for the account alone, and for its day', async () => {
      const tried = async (sources: readonly string[], at: number): Promise<number> => {
        const outcomes = [];
        for (const source of sources) outcomes.push(await attempts().countCode('usr_1', source, at));
        return outcomes.filter((limit) => limit === undefined).length;
      };
      expect(
        await tried(
          many.map(() => '192.0.2.1'),
          now,
        ),
      ).to.equal(limits.codes.accountAndSource);
      const elsewhere = many.map((index) => `198.51.100.${index}`);
      expect(await tried(elsewhere, now)).to.equal(limits.codes.account - limits.codes.accountAndSource);
      expect(await tried(elsewhere, now + 3_600_000)).to.equal(limits.codes.accountPerDay - limits.codes.account);
      const { loginAttempts } = storage().read;
      await loginAttempts.prune(new Date(now + 2 * 3_600_000).toISOString(), new Date(now - 1).toISOString());
      expect(await tried(elsewhere, now + 2 * 3_600_000), 'its day is not forgotten with the rest').to.equal(0);
      expect(await tried(elsewhere, now + day)).to.equal(limits.codes.account);
    });
  });
}
