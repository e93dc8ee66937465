/** What several want at once and one gets: one-time secrets, join tokens, places in a count. */
import { expect } from 'chai';
import { toTime } from '../../shared/clock.ts';
import { createLoginAttempts } from '../../server/login/login-attempts.ts';
import type { LinkTask } from '../../server/login/passkey-rules.ts';
import { idOf, now, userRow, type Storage } from './fresh-database.ts';

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

  it('a one-time secret of a login in the browser holds for that login alone, and others for none', async () => {
    const { loginTokens } = storage().read;
    const of = { ...token, kind: 'second-factor', loginId: 'tok_1' } as const;
    await loginTokens.insert({ ...of, secret: 'bound' });
    await loginTokens.insert({ ...token, kind: 'second-factor', secret: 'free' });
    for (const [secret, loginId] of [
      ['bound', undefined],
      ['bound', 'tok_2'],
      ['free', 'tok_1'],
    ] as const) {
      expect(await loginTokens.peek('second-factor', secret, now, loginId)).to.equal(undefined);
      expect(await loginTokens.use('second-factor', secret, now, loginId)).to.equal(undefined);
    }
    expect(await loginTokens.use('second-factor', 'bound', now, 'tok_1')).to.not.equal(undefined);
    expect(await loginTokens.use('second-factor', 'free', now)).to.not.equal(undefined);
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

  describe('passkeys', () => {
    const person = userRow('ana@example.com');
    const of = { identityId: person.id as string, sessionId: idOf<never>('session') };
    const later = toTime(now + 60_000);
    const linkOf = (task: LinkTask) => ({ id: idOf<never>('passkeyLink'), task, ...of, createdAt: toTime(now), expiresAt: later });
    const factorOf = (name: string) => ({
      ...{ id: idOf<never>('secondFactor'), identityId: person.id as string, kind: 'passkey' as const, name, sealedSecret: 'sealed' },
      ...{ createdAt: toTime(now), lastUsedAt: null },
    });
    const passkeyOf = (factorId: string, credentialId: string) => ({
      // An id made with the prefix of second factors.
      ...{ factorId: factorId as never, credentialId, signCount: 0, isBackupEligible: true, isBackedUp: false },
      transports: ['internal', 'hybrid'],
      isDiscoverable: undefined,
    });

    it('come back as they were kept, one of a credential, and go with their factor', async () => {
      const { identities, secondFactors, passkeys } = storage().read;
      await identities.insert(person);
      const [factor, other] = [factorOf('laptop'), factorOf('phone')];
      for (const each of [factor, other]) await secondFactors.add(each, of.sessionId);
      expect(await secondFactors.activeOf(person.id)).to.deep.include(factor);
      expect(await passkeys.insert(passkeyOf(factor.id, 'credential'))).to.equal(true);
      expect(await passkeys.insert(passkeyOf(other.id, 'credential'))).to.equal(false);
      const kept = { ...passkeyOf(factor.id, 'credential'), identityId: person.id, sealedKey: 'sealed', isTrustedAlone: true };
      expect(await passkeys.ofIdentity(person.id)).to.deep.equal([kept]);
      await secondFactors.remove(factor.id);
      expect(await passkeys.ofIdentity(person.id)).to.deep.equal([]);
      expect(await passkeys.insert(passkeyOf(other.id, 'credential'))).to.equal(true);
    });

    it('count upwards alone, of many at once one; what counts nothing stays at nothing', async () => {
      const { identities, secondFactors, passkeys } = storage().read;
      await identities.insert(person);
      const factor = factorOf('laptop');
      await secondFactors.add(factor, of.sessionId);
      await passkeys.insert(passkeyOf(factor.id, 'credential'));
      const take = async (signCount: number) => passkeys.takeCount(factor.id, { signCount, isBackedUp: true });
      expect([await take(0), await take(0)]).to.deep.equal([true, true]);
      expect((await Promise.all(many.map(async () => take(5)))).filter(Boolean)).to.have.length(1);
      expect([await take(5), await take(4), await take(0), await take(6)]).to.deep.equal([false, false, false, true]);
      expect((await passkeys.ofIdentity(person.id))[0]).to.include({ signCount: 6, isBackedUp: true });
    });

    it('are trusted alone until all of their owner’s, or everybody’s, are not; and say whether they can be once it shows', async () => {
      const { identities, secondFactors, passkeys } = storage().read;
      const other = userRow('eve@example.com');
      for (const each of [person, other]) await identities.insert(each);
      expect(await passkeys.isAnyThere()).to.equal(false);
      const [own, foreign] = [factorOf('laptop'), { ...factorOf('phone'), identityId: other.id }];
      for (const factor of [own, foreign]) {
        await secondFactors.add(factor, of.sessionId);
        await passkeys.insert(passkeyOf(factor.id, factor.id));
      }
      expect(await passkeys.isAnyThere()).to.equal(true);
      const states = async () => (await Promise.all([person, other].map(async ({ id }) => passkeys.ofIdentity(id)))).flat();
      const trusted = async () => (await states()).map(({ isTrustedAlone }) => isTrustedAlone);
      await passkeys.distrustAlone(person.id);
      expect(await trusted()).to.deep.equal([false, true]);
      await passkeys.trustAlone(own.id);
      expect(await trusted()).to.deep.equal([true, true]);
      await passkeys.distrustEverybodysAlone();
      expect(await trusted()).to.deep.equal([false, false]);
      await passkeys.markDiscoverable(own.id);
      expect((await states()).map(({ isDiscoverable }) => isDiscoverable)).to.deep.equal([true, undefined]);
    });

    it('a link’s challenge, its end and its proof are taken once; the proof in its session, for its purpose, after its end', async () => {
      const { identities, passkeyLinks } = storage().read;
      await identities.insert(person);
      const link = linkOf({ kind: 'prove', purpose: 'verify' });
      await passkeyLinks.insert(link, { token: 'token', proof: 'proof' });
      await passkeyLinks.setChallenge(link.id, 'first');
      await passkeyLinks.setChallenge(link.id, 'challenge');
      expect(await passkeyLinks.findByToken('token', toTime(now))).to.deep.equal({ ...link, challenge: 'challenge', doneAt: null });
      expect(await passkeyLinks.findByToken('token', later)).to.equal(undefined);
      expect(await passkeyLinks.takeChallenge(link.id, 'first')).to.equal(false);
      const challenges = await Promise.all(many.map(async () => passkeyLinks.takeChallenge(link.id, 'challenge')));
      expect(challenges.filter(Boolean)).to.have.length(1);
      const proofOf = async (wish: object = {}) => passkeyLinks.takeProof('proof', { ...of, purpose: 'verify', ...wish }, toTime(now));
      expect(await proofOf()).to.equal(undefined);
      const ends = await Promise.all(many.map(async () => passkeyLinks.finish(link.id, { factorId: 'sfa_1' }, toTime(now))));
      expect(ends.filter(Boolean)).to.have.length(1);
      for (const wrong of [{ purpose: 'remove' }, { sessionId: 'ses_x' }, { identityId: 'usr_x' }])
        expect(await proofOf(wrong), JSON.stringify(wrong)).to.equal(undefined);
      expect((await Promise.all(many.map(async () => proofOf()))).filter((factor) => factor === 'sfa_1')).to.have.length(1);
      expect(await passkeyLinks.find(link.id, of, toTime(now))).to.equal(undefined);
      await passkeyLinks.prune(toTime(now + 60_001));
    });

    it('a new one is taken from its link once, in its session', async () => {
      const { identities, passkeyLinks } = storage().read;
      await identities.insert(person);
      const link = linkOf({ kind: 'add', name: 'laptop', isFirst: true });
      await passkeyLinks.insert(link, { token: 'token' });
      const take = async (wish: object = {}) => passkeyLinks.takeCredential(link.id, { ...of, ...wish }, toTime(now));
      expect(await take()).to.equal(undefined);
      await passkeyLinks.finish(link.id, { sealedCredential: 'sealed' }, toTime(now));
      expect(await take({ sessionId: 'ses_x' })).to.equal(undefined);
      const taken = (await Promise.all(many.map(async () => take()))).filter((each) => each !== undefined);
      expect(taken).to.deep.equal([{ task: link.task, sealed: 'sealed' }]);
    });
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
