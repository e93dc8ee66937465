/** Second factors: codes as RFC 6238 has them, what may be typed, who may add one, and what a proof is worth and how long. */
import { expect } from 'chai';
import { proofWanted, withProven } from '../../connector/proxy/proven-rules.ts';
import { secondFactorCondition } from '../../server/grants/explain-rules.ts';
import { justify } from '../../server/leases/justification-rules.ts';
import { signsInAlone, whyNotAlone } from '../../server/login/passkey-rules.ts';
import { readCode, whyNoFirstFactor, whyNoSecondFactor } from '../../server/login/second-factor-rules.ts';
import { describeTotp, newTotpSecret, totpStep } from '../../server/login/totp.ts';
import { toTime } from '../../shared/clock.ts';
import type { DesiredIdentity, DesiredLease, DesiredMfaGrant } from '../../shared/api/connectors.ts';
import { endWithProof } from '../../shared/second-factor.ts';

const now = Date.parse('2026-01-31T12:00:00.000Z');
const at = (seconds: number): string => toTime(now + seconds * 1000);

describe('a code of an app', () => {
  const secret = Buffer.from('12345678901234567890');
  // RFC 6238, appendix B: the last six of its eight digits.
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ] as const)
    it(`at ${seconds} s is ${code}`, () => expect(totpStep(secret, code, seconds * 1000)).to.equal(Math.floor(seconds / 30)));

  it('holds one step early and one step late, and no longer', () => {
    const step = 41_152_263;
    const held = [-61, -60, -31, -30, 0, 29, 30, 59, 60, 90].filter(
      (late) => totpStep(secret, '005924', (step * 30 + late) * 1000) === step,
    );
    expect(held).to.deep.equal([-30, 0, 29, 30, 59]);
  });

  it('is told to the app with all that it must know', () => {
    const made = newTotpSecret();
    expect(made).to.have.length(20);
    const { secret: text, otpauthUri } = describeTotp(made, { issuer: 'infra example.com', label: 'ana@example.com' });
    expect(text).to.match(/^[A-Z2-7]{32}$/);
    const { protocol, host, searchParams } = new URL(otpauthUri);
    expect([protocol, host]).to.deep.equal(['otpauth:', 'totp']);
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      ...{ issuer: 'infra example.com', secret: text, algorithm: 'SHA1', digits: '6', period: '30' },
    });
  });

  for (const [typed, read] of [
    ['123456', { kind: 'totp', digits: '123456' }],
    [' 123 456\n', { kind: 'totp', digits: '123456' }],
    ['abcde-fghjk-mnpqr', { kind: 'recovery-code', code: 'abcde-fghjk-mnpqr' }],
    ['ABCDE fghjkmnpqr', { kind: 'recovery-code', code: 'abcde-fghjk-mnpqr' }],
    ['12345', undefined],
    ['1234567', undefined],
    ['１２３４５６', undefined],
    ['', undefined],
    ["' or 1=1 --", undefined],
  ] as const)
    it(`typed as ${JSON.stringify(typed)} is ${read?.kind ?? 'none'}`, () => expect(readCode(typed)).to.deep.equal(read));
});

describe('a second factor', () => {
  it('is proven by people, not by programs and not by keys', () => {
    expect(whyNoSecondFactor({ kind: 'user', method: 'password' })).to.equal(undefined);
    expect(whyNoSecondFactor({ kind: 'user', method: 'provider' })).to.equal(undefined);
    expect(whyNoSecondFactor({ kind: 'user', method: 'access-key' })).to.have.property('code', 'mfa.not-possible');
    expect(whyNoSecondFactor({ kind: 'workload', method: 'access-key' })).to.have.property('code', 'mfa.not-possible');
  });

  it('is first added soon after a login', () => {
    expect(whyNoFirstFactor({ loggedInAt: now - 600_000, now })).to.equal(undefined);
    expect(whyNoFirstFactor({ loggedInAt: now - 600_001, now })).to.have.property('code', 'mfa.login-too-old');
  });

  for (const [until, mfaAt, end] of [
    [null, null, undefined],
    [null, undefined, undefined],
    [null, at(-60), at(840)],
    [at(100), at(-60), at(100)],
    [at(1000), at(-60), at(840)],
  ] as const)
    it(`a grant until ${until ?? 'ever'} that asks for one within 15m, proven at ${mfaAt ?? 'no time'}, ends at ${end ?? 'once'}`, () =>
      expect(endWithProof({ until, mfaSeconds: 900 }, mfaAt)).to.equal(end));
});

describe('what justifies a lease', () => {
  const person = (mfaAt: string | null) => ({ kind: 'user', mfaAt }) as const;
  const plain = (until: string | null) => ({ until, mfaSeconds: null });
  const asking = (mfaSeconds: number, until: string | null = null) => ({ until, mfaSeconds });

  it('is the longest grant that holds, and a proof is as good as it is young', () => {
    expect(justify([plain(at(60)), plain(at(90))], person(null), at(0))).to.deep.equal({ kind: 'held', until: at(90), limitedBy: 'grant' });
    expect(justify([plain(null), asking(900)], person(at(0)), at(0))).to.deep.equal({ kind: 'held', until: null, limitedBy: 'grant' });
    expect(justify([plain(at(60)), asking(900)], person(at(-60)), at(0))).to.deep.equal({
      ...{ kind: 'held', until: at(840), limitedBy: 'second-factor' },
    });
    expect(justify([asking(900, at(60))], person(at(0)), at(0))).to.deep.equal({ kind: 'held', until: at(60), limitedBy: 'grant' });
  });

  it('is nothing when all there is asks for a proof and there is none, or an old one', () => {
    for (const mfaAt of [null, at(-900), at(-86_400)])
      expect(justify([asking(60), asking(900)], person(mfaAt), at(0))).to.deep.equal({ kind: 'unproven', mfaSeconds: 900 });
    expect(justify([asking(900)], person(at(-899)), at(0))).to.have.property('kind', 'held');
    expect(justify([], person(at(0)), at(0))).to.deep.equal({ kind: 'none' });
  });

  it('is never a proof for a workload, whatever its session says', () =>
    expect(justify([asking(900)], { kind: 'workload', mfaAt: at(0) }, at(0))).to.deep.equal({ kind: 'none' }));
});

describe('explain, about a second factor', () => {
  for (const [kind, mfaAt, holds, says] of [
    ['user', at(-60), true, /was proven at .* counts until/],
    ['user', at(-900), false, /within 15m; run: infra mfa verify .*last proven at/],
    ['user', null, false, /none was proven yet/],
    ['group', null, true, /each member/],
    ['workload', null, false, /a workload cannot/],
  ] as const)
    it(`of a ${kind}, proven ${mfaAt ?? 'never'}: ${holds ? 'holds' : 'does not hold'}`, () => {
      const condition = secondFactorCondition(900, { kind, mfaAt, now: at(0) });
      expect(condition.holds).to.equal(holds);
      expect(condition.detail).to.match(says);
    });
});

describe('connector rule: grants that ask for a second factor', () => {
  const asking = (role: string, more: Partial<DesiredMfaGrant> = {}): DesiredMfaGrant => ({
    ...{ id: 'grt_1' as never, role, namespace: null, until: null, group: null, mfaSeconds: 900 },
    ...more,
  });
  const identity = (...mfaGrants: DesiredMfaGrant[]): DesiredIdentity => ({
    ...{ id: 'usr_1' as never, kind: 'user', name: 'ana@example.com', status: 'active', grants: [], mfaGrants },
  });
  const lease = (mfaAt?: string | null): DesiredLease => ({
    ...{ id: 'lse_1' as never, identityId: 'usr_1' as never, status: 'active', expiresAt: at(3600), sessionExpiresAt: at(7200) },
    ...(mfaAt === undefined ? {} : { mfaAt }),
  });

  it('are none without a proof, and by the word of a server that says nothing of proofs', () => {
    for (const mfaAt of [null, undefined]) {
      const held = withProven(identity(asking('view'), asking('impersonate:user:bob')), lease(mfaAt));
      expect([held.grants, held.impersonateGrants]).to.deep.equal([[], undefined]);
    }
  });

  it('are grants like others with one, each among its kind, until the proof is too old', () => {
    const held = withProven(identity(asking('view'), asking('impersonate:user:bob', { mfaSeconds: 60 })), lease(at(-30)));
    expect(held.grants.map(({ role, until }) => [role, until])).to.deep.equal([['view', at(870)]]);
    expect(held.impersonateGrants?.map(({ role, until }) => [role, until])).to.deep.equal([['impersonate:user:bob', at(30)]]);
  });

  it('want a proof when nothing else keeps them from holding', () => {
    const wanted = (grant: DesiredMfaGrant, mfaAt: string | null = null) =>
      proofWanted(identity(grant), { lease: lease(mfaAt), now, applies: ({ role }) => role === 'view' });
    expect(wanted(asking('view'))).to.equal(900);
    expect(wanted(asking('view'), at(-900))).to.equal(900);
    expect(wanted(asking('view'), at(-899))).to.equal(undefined);
    expect(wanted(asking('edit'))).to.equal(undefined);
    expect(wanted(asking('view', { until: at(0) }))).to.equal(undefined);
  });
});

describe('a passkey alone', () => {
  const owner = { status: 'active', password: 'set', isTrustedAlone: true } as const;

  it('opens the door for who has a password, and is as good as it', () => expect(whyNotAlone(owner)).to.equal(undefined));

  for (const [what, more, refusal] of [
    ['a disabled account, whatever else', { status: 'disabled', password: 'none', isTrustedAlone: false }, 'account disabled'],
    ['who comes by a provider', { password: 'none' }, 'account without password'],
    ['who was given a one-time password', { password: 'one-time', isTrustedAlone: false }, 'one-time password pending'],
    ['whose sessions were all ended', { isTrustedAlone: false }, 'not used beside a password since all sessions were ended'],
  ] as const)
    it(`does not for ${what}`, () => expect(whyNotAlone({ ...owner, ...more })).to.have.property('refusal', refusal));

  for (const [isPossible, isDiscoverable, isTrustedAlone, listed] of [
    [true, true, true, true],
    [true, undefined, true, null],
    [true, false, true, false],
    [true, true, false, false],
    [true, undefined, false, false],
    [false, true, true, false],
  ] as const)
    it(`possible ${isPossible}, offered without an account ${isDiscoverable}, trusted ${isTrustedAlone}: listed as ${listed}`, () =>
      expect(signsInAlone(isPossible, { isDiscoverable, isTrustedAlone })).to.equal(listed));
});
