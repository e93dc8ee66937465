import { expect } from 'chai';
import { createForgetfulMap } from '../../connector/proxy/forgetful-map.ts';
import { createIdentityLimits, type Limits } from '../../connector/proxy/identity-limits.ts';
import { fullAfterOne, fullWithOneBack, retryAfterSeconds, waitForToken } from '../../connector/proxy/rate-rules.ts';
import { createRefusalLines } from '../../connector/proxy/refusal-lines.ts';
import { sourceKey } from '../../connector/proxy/source-address.ts';
import { refusalAnswer, refuseForNow, statusResponse, type Refusal } from '../../connector/proxy/status.ts';

describe('connector rule: token bucket', () => {
  const rate = { perSecond: 30, burst: 7 };

  /** Tokens that can be taken at that moment, and the bucket after them. */
  function drain(fullAt: number, now: number): { taken: number; fullAt: number } {
    let taken = 0;
    let after = fullAt;
    for (; waitForToken(after, now, rate) === 0; taken += 1) after = fullAfterOne(after, now, rate);
    return { taken, fullAt: after };
  }

  it('a full one gives its burst and no more, whatever the time', () => {
    for (const now of [0, 1, 12_345.678, 1e9 / 7]) expect(drain(0, now).taken).to.equal(7);
  });

  it('an empty one gives what has come back since, and is never fuller than full', () => {
    const { fullAt } = drain(0, 1000);
    expect(drain(fullAt, 1033).taken).to.equal(0);
    expect(drain(fullAt, 1034).taken).to.equal(1);
    expect(drain(fullAt, 1100).taken).to.equal(3);
    expect(drain(fullAt, 1_000_000).taken).to.equal(7);
  });

  it('says how long to wait, and after that wait there is a token', () => {
    const { fullAt } = drain(0, 1000);
    const wait = waitForToken(fullAt, 1000, rate);
    expect(wait).to.be.closeTo(1000 / 30, 1e-6);
    expect(waitForToken(fullAt, 1000 + wait, rate)).to.equal(0);
  });

  it('over a long time gives the rate', () => {
    let fullAt = 0;
    let taken = 0;
    for (let now = 0; now <= 100_000; now += 3) {
      const after = drain(fullAt, now);
      fullAt = after.fullAt;
      taken += after.taken;
    }
    expect(taken).to.be.within(3000, 3007);
  });

  it('takes one back', () => {
    const { fullAt } = drain(0, 1000);
    expect(drain(fullWithOneBack(fullAt, rate), 1000).taken).to.equal(1);
  });

  it('Retry-After is whole seconds, at least one', () => {
    expect([0, 1, 999, 1000, 1001].map(retryAfterSeconds)).to.deep.equal([1, 1, 1, 1, 2]);
  });
});

describe('connector rule: source addresses', () => {
  const cases: readonly (readonly [address: string, key: string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ];
  for (const [address, key] of cases) it(`${address || 'none'} counts as ${key || 'none'}`, () => expect(sourceKey(address)).to.equal(key));
});

describe('connector rule: limits of an identity', () => {
  const limits: Limits = {
    streams: 2,
    openRequests: 3,
    requestRate: { perSecond: 10, burst: 5 },
    handshakeRate: { perSecond: 10, burst: 20 },
    connections: 100,
  };
  let now = 0;
  beforeEach(() => (now = 0));
  const create = () => createIdentityLimits(limits, () => now);
  const isRefusal = (result: object | undefined): result is Refusal => result !== undefined && 'reason' in result;

  it('requests beyond burst and rate are refused with the time to wait and the setting; another identity has its own', () => {
    const identities = create();
    for (let count = 0; count < 5; count += 1) expect(identities.spend('ana')).to.equal(undefined);
    expect(identities.spend('ana')).to.include({ reason: 'TooManyRequests', retryAfterSeconds: 1 });
    expect(identities.spend('ana')?.message).to.include('limits.requestsPerSecond');
    expect(identities.spend('ben')).to.equal(undefined);
    now += 101;
    expect(identities.spend('ana')).to.equal(undefined);
    expect(isRefusal(identities.spend('ana'))).to.equal(true);
  });

  it('streams and other requests are counted apart; a place given back twice is given back once', () => {
    const identities = create();
    const [first] = [1, 2].map(() => identities.occupy('ana', 'stream'));
    const refusal = identities.occupy('ana', 'stream');
    expect(isRefusal(refusal) && refusal.message).to.include('limits.streams');
    expect([1, 2, 3, 4].map(() => isRefusal(identities.occupy('ana', 'request')))).to.deep.equal([false, false, false, true]);
    if (first === undefined || isRefusal(first)) throw new Error('the first stream was refused');
    first.release();
    first.release();
    expect([1, 2].map(() => isRefusal(identities.occupy('ana', 'stream')))).to.deep.equal([false, true]);
  });

  it('refused requests take no place', () => {
    const identities = create();
    const slots = [1, 2].map(() => identities.occupy('ana', 'stream'));
    for (let count = 0; count < 50; count += 1) identities.occupy('ana', 'stream');
    for (const slot of slots) if (!isRefusal(slot)) slot.release();
    expect([1, 2, 3].map(() => isRefusal(identities.occupy('ana', 'stream')))).to.deep.equal([false, false, true]);
  });

  it('more connections than there can be open requests, or too many a second, are refused', () => {
    const identities = create();
    const made = Array.from({ length: 6 }, () => identities.connect('ana'));
    expect(made.map(({ refusal }) => refusal === undefined)).to.deep.equal([true, true, true, true, true, false]);
    made.forEach(({ slot }) => slot.release());
    for (let count = 0; count < 15; count += 1) identities.connect('ana').slot.release();
    expect(identities.connect('ana').refusal?.message).to.include('limits.handshakesPerSecond');
  });

  it('remembers no more than is in use, however many identities come and go', () => {
    const identities = create();
    const kept = identities.occupy('kept', 'stream');
    let largest = 0;
    for (let count = 0; count < 20_000; count += 1) {
      now += 1;
      identities.spend(`usr_${count}`);
      largest = Math.max(largest, identities.size());
    }
    // A bucket is idle 100 ms after one token.
    expect(largest).to.be.below(350);
    expect(isRefusal(kept)).to.equal(false);
    expect([1, 2].map(() => isRefusal(identities.occupy('kept', 'stream')))).to.deep.equal([false, true]);
  });
});

describe('connector rule: a map that forgets', () => {
  it('never what is in use', () => {
    const map = createForgetfulMap({ create: () => ({ inUse: true }), isIdle: ({ inUse }) => !inUse });
    const values = Array.from({ length: 1000 }, (_, index) => map.of(`${index}`));
    expect(map.size()).to.equal(1000);
    values.forEach((value, index) => expect(map.of(`${index}`)).to.equal(value));
    values.slice(10).forEach((value) => (value.inUse = false));
    for (let index = 0; index < 1000; index += 1) map.of(`new ${index}`).inUse = false;
    expect(map.size()).to.be.below(100);
    values.slice(0, 10).forEach((value, index) => expect(map.of(`${index}`)).to.equal(value));
  });
});

describe('connector rule: lines about refusals', () => {
  it('a few for each cause, and the number of the others told', () => {
    const told: unknown[] = [];
    const lines = createRefusalLines((cause, count) => told.push([cause, count]));
    const written = (cause: string) => Array.from({ length: 20 }, () => lines.mayWrite(cause, 5)).filter(Boolean).length;
    expect([written('ana'), written('ben')]).to.deep.equal([5, 5]);
    lines.stop();
    expect(told).to.deep.equal([
      ['ana', 15],
      ['ben', 15],
    ]);
    expect(written('ana')).to.equal(5);
    lines.stop();
    expect(told).to.have.length(3);
  });
});

describe('connector rule: 429', () => {
  const refusal = refuseForNow('too much', 3);

  it('is a Status with the seconds in its details', () =>
    expect(JSON.parse(refusalAnswer(refusal, { target: '/api', accept: '' }).body)).to.deep.include({
      kind: 'Status',
      code: 429,
      reason: 'TooManyRequests',
      message: 'infra: too much',
      details: { retryAfterSeconds: 3 },
    }));

  it('says them in the head of a raw answer too', () =>
    expect(statusResponse(refusal)).to.match(/^HTTP\/1\.1 429 TooManyRequests\r\n(?:.*\r\n)*Retry-After: 3\r\n/));
});
