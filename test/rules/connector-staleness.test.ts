import { expect } from 'chai';
import { describeStaleness, stalenessFacts, stalenessOf } from '../../connector/proxy/staleness-rules.ts';
import { fromTime } from '../../shared/clock.ts';

describe('staleness of a connector', () => {
  const lastHeard = fromTime('2026-01-01T10:00:00.000Z');
  const after = (seconds: number) => stalenessOf({ lastHeard, limitSeconds: 60, now: lastHeard + seconds * 1000 });

  it('begins with the limit, not before', () => {
    expect([59.999, 60].map((seconds) => after(seconds).isStale)).to.deep.equal([false, true]);
  });

  it('is said in a sentence, before and after', () => {
    expect(describeStaleness(after(5))).to.equal(
      'the server was last heard 5s ago, at 2026-01-01T10:00:00.000Z; if it stays away every request is refused from 2026-01-01T10:01:00.000Z on (staleness limit 1m)',
    );
    expect(describeStaleness(after(90)))
      .to.contain('1m30s ago')
      .and.contain(': every request is refused since 2026-01-01T10:01:00.000Z');
  });

  it('of one that never heard the server: refusing, without times', () => {
    const never = stalenessOf({ lastHeard: 0, limitSeconds: 60, now: lastHeard });
    expect(describeStaleness(never)).to.equal('the server was never heard: every request is refused');
    expect(stalenessFacts(never)).to.deep.equal({ serverLastHeardAt: null, stalenessLimitSeconds: 60, refusesFrom: null, stale: true });
  });
});
