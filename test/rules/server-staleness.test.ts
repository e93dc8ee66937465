import { expect } from 'chai';
import { staleAt } from '../../server/destinations/staleness-rules.ts';
import { fromTime } from '../../shared/clock.ts';

describe('when a connector that hears nothing more refuses by itself', () => {
  const enrolledAt = '2026-01-01T00:00:00.000Z';
  const settings = { stalenessLimitSeconds: 90 };

  it('the staleness limit after the last contact', () => {
    const lastSeenAt = '2026-01-01T10:00:00.000Z';
    expect(staleAt({ enrolledAt, lastSeenAt }, settings)).to.equal(fromTime('2026-01-01T10:01:30.000Z'));
  });

  it('never heard since: counted from the enrolment', () => {
    expect(staleAt({ enrolledAt, lastSeenAt: null }, settings)).to.equal(fromTime('2026-01-01T00:01:30.000Z'));
  });
});
