/** How long sessions, access keys and leases hold, and whose sessions and keys one may see, end and make. */
import { expect } from 'chai';
import { mayRevokeUser } from '../../server/identity/identity-policy.ts';
import { leaseEnd } from '../../server/leases/lease-ttl-rules.ts';
import { listScope, mayCreateAccessKey, mayEnd } from '../../server/login/session-policy.ts';
import { isAccessKeyLive, sessionEnd, whySessionEnded } from '../../server/login/session-rules.ts';
import { toTime } from '../../shared/clock.ts';

const now = Date.parse('2026-01-31T12:00:00.000Z');
const at = (seconds: number): string => toTime(now + seconds * 1000);

describe('a session', () => {
  const session = { expiresAt: at(60), idleSeconds: null, lastUsedAt: at(-3600), endedAt: null };
  for (const [what, changes, why] of [
    ['before its end', {}, undefined],
    ['at its end', { expiresAt: at(0) }, 'expired'],
    ['after its end', { expiresAt: at(-1) }, 'expired'],
    ['that was ended', { endedAt: at(-1) }, 'ended'],
    ['that was ended, though by a clock ahead of ours', { endedAt: at(30) }, 'ended'],
    ['used within its idle limit', { idleSeconds: 60, lastUsedAt: at(-59) }, undefined],
    ['unused for its idle limit', { idleSeconds: 60, lastUsedAt: at(-60) }, 'idle'],
    ['used just now, and over all the same', { idleSeconds: 60, lastUsedAt: at(0), expiresAt: at(0) }, 'expired'],
  ] as const)
    it(`${what} ${why === undefined ? 'holds' : `is ${why}`}`, () =>
      expect(whySessionEnded({ ...session, ...changes }, now)).to.equal(why));

  for (const [key, end] of [
    [undefined, 3600],
    [at(60), 60],
    [at(7200), 3600],
  ] as const)
    it(`of an hour, from ${key === undefined ? 'a password' : `a key until ${key}`}, lasts ${end} s`, () =>
      expect(sessionEnd(now, 3600, key)).to.equal(now + end * 1000));
});

describe('an access key', () => {
  const key = { createdAt: at(-100), expiresAt: at(60), idleSeconds: null, lastUsedAt: null };
  for (const [what, changes, isLive] of [
    ['before its end', {}, true],
    ['at its end', { expiresAt: at(0) }, false],
    ['never used, younger than its idle limit', { idleSeconds: 101 }, true],
    ['never used, as old as its idle limit', { idleSeconds: 100 }, false],
    ['used within its idle limit', { idleSeconds: 50, lastUsedAt: at(-49) }, true],
    ['used too long ago', { idleSeconds: 50, lastUsedAt: at(-50) }, false],
    ['used just now, and over all the same', { idleSeconds: 50, lastUsedAt: at(0), expiresAt: at(0) }, false],
  ] as const)
    it(`${what} ${isLive ? 'opens' : 'no longer opens'} sessions`, () =>
      expect(isAccessKeyLive({ ...key, ...changes }, now)).to.equal(isLive));
});

describe('a lease', () => {
  for (const [ttl, session, grant, end, limitedBy] of [
    [3600, 7200, null, 3600, 'setting'],
    [3600, 60, null, 60, 'session'],
    [3600, 7200, 30, 30, 'grant'],
    [3600, 60, 30, 30, 'grant'],
    [3600, 30, 60, 30, 'session'],
    [30, 30, 30, 30, 'setting'],
  ] as const)
    it(`with ${ttl} s by setting, ${session} s of session and a grant ${grant === null ? 'without end' : `of ${grant} s`} ends after ${end} s, by the ${limitedBy}`, () =>
      expect(
        leaseEnd({
          now,
          ttlSeconds: ttl,
          sessionExpiresAt: now + session * 1000,
          longestGrantUntil: grant === null ? null : at(grant),
          grantLimitedBy: 'grant',
        }),
      ).to.deep.equal({ expiresAt: now + end * 1000, limitedBy }));

  it('never outlives any of its bounds, whatever they are', () => {
    const lengths = [-60, 0, 1, 299, 300, 3600, 86_400, 31_536_000];
    for (const ttlSeconds of lengths)
      for (const session of lengths)
        for (const grant of [...lengths, null]) {
          const sessionExpiresAt = now + session * 1000;
          const longestGrantUntil = grant === null ? null : at(grant);
          const bounds = [ttlSeconds, session, ...(grant === null ? [] : [grant])];
          expect(leaseEnd({ now, ttlSeconds, sessionExpiresAt, longestGrantUntil, grantLimitedBy: 'grant' }).expiresAt).to.equal(
            now + Math.min(...bounds) * 1000,
          );
        }
  });
});

const asker = (roles: readonly ('admin' | 'view')[] = [], method: 'password' | 'access-key' = 'password') => ({
  identity: { id: 'usr_1', name: 'ana@example.com' },
  session: { method },
  serverRoles: new Set(roles),
});
const refused = (work: () => unknown, code: string): void => {
  expect(work).to.throw().with.property('code', code);
};

describe('sessions and keys of others', () => {
  it('one lists one’s own without any right', () => {
    for (const wanted of [{}, { identity: 'usr_1' }, { all: 'false' }]) expect(listScope(asker(), wanted, 'sessions')).to.equal('usr_1');
  });

  it('others’ are listed with view alone', () => {
    for (const wanted of [{ identity: 'usr_2' }, { all: 'true' }, { identity: 'usr_1', all: 'true' }])
      refused(() => listScope(asker(), wanted, 'sessions'), 'access.denied');
    expect(listScope(asker(['view']), { identity: 'usr_2' }, 'sessions')).to.equal('usr_2');
    expect(listScope(asker(['view']), { all: 'true' }, 'sessions')).to.equal(undefined);
    expect(listScope(asker(['view']), {}, 'sessions'), 'still one’s own, unless asked').to.equal('usr_1');
  });

  it('one ends one’s own; others’ with admin, not with view', () => {
    expect(mayEnd(asker(), 'usr_1')).to.equal(true);
    expect(mayEnd(asker(), 'usr_2')).to.equal(false);
    expect(mayEnd(asker(['view']), 'usr_2')).to.equal(false);
    expect(mayEnd(asker(['admin', 'view']), 'usr_2')).to.equal(true);
  });

  it('a user is revoked by that user and by admins', () => {
    expect(() => mayRevokeUser(asker(), 'usr_1')).not.to.throw();
    expect(() => mayRevokeUser(asker(['admin', 'view']), 'usr_2')).not.to.throw();
    for (const roles of [[], ['view']] as const) refused(() => mayRevokeUser(asker(roles), 'usr_2'), 'access.denied');
  });

  it('a key makes no key: not for oneself, not for others, not as admin', () => {
    for (const owner of ['usr_1', 'usr_2'])
      for (const roles of [[], ['admin', 'view']] as const)
        refused(() => mayCreateAccessKey(asker(roles, 'access-key'), owner), 'access-key.not-from-key');
  });

  it('keys for others are made by admins', () => {
    expect(() => mayCreateAccessKey(asker(), 'usr_1')).not.to.throw();
    expect(() => mayCreateAccessKey(asker(['admin', 'view']), 'usr_2')).not.to.throw();
    for (const roles of [[], ['view']] as const) refused(() => mayCreateAccessKey(asker(roles), 'usr_2'), 'access.denied');
  });
});
