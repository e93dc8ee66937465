import { expect } from 'chai';
import { isMeant, readLogoutClaims } from '../../server/login/logout-token-rules.ts';

describe('rules of logout tokens', () => {
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  const whole = { iss: 'https://id.example.com', aud: 'infra', iat: 1_700_000_000.9, jti: 'one', events, sub: 'ana', sid: 'session' };

  it('one names a person, a session, or both', () => {
    expect(readLogoutClaims(whole)).to.deep.equal({ subject: 'ana', sid: 'session', issuedAt: 1_700_000_000 });
    const { sub: _sub, ...session } = whole;
    expect(readLogoutClaims(session)).to.deep.equal({ subject: undefined, sid: 'session', issuedAt: 1_700_000_000 });
    const { sid: _sid, ...person } = whole;
    expect(readLogoutClaims(person)).to.deep.equal({ subject: 'ana', sid: undefined, issuedAt: 1_700_000_000 });
  });

  for (const [what, change] of [
    ['no event', { events: undefined }],
    ['events that are a list', { events: [Object.keys(events)[0]] }],
    ['another event', { events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} } }],
    ['an event that is no object', { events: { 'http://schemas.openid.net/event/backchannel-logout': true } }],
    ['a nonce', { nonce: 'n' }],
    ['no time', { iat: undefined }],
    ['a time that is a text', { iat: '1700000000' }],
    ['no id', { jti: undefined }],
    ['neither person nor session', { sub: undefined, sid: undefined }],
    ['a person that is no name', { sub: { toString: 'ana' } }],
    ['a session that is no name', { sid: ['session'] }],
    ['a name that is too long', { sid: 'x'.repeat(301) }],
  ] as const)
    it(`one with ${what} is none`, () => {
      expect(readLogoutClaims({ ...whole, ...change })).to.have.property('fault');
    });

  it('one is about a login of its person or session, that began by then', () => {
    const login = { subject: 'ana', sid: 'a', issuedAt: 100 };
    const about = (subject: string | undefined, sid: string | undefined, issuedAt = 100) => isMeant({ subject, sid, issuedAt }, login);
    expect([about('ana', undefined), about('ana', 'a'), about(undefined, 'a')]).to.deep.equal([true, true, true]);
    expect([about('ben', undefined), about('ben', 'a'), about('ana', 'b'), about(undefined, 'b')]).to.deep.equal([
      false,
      false,
      false,
      false,
    ]);
    expect(about('ana', 'a', 99)).to.equal(false);
    const unnamed = { ...login, sid: null };
    expect(isMeant({ subject: 'ana', sid: 'b', issuedAt: 100 }, unnamed)).to.equal(true);
    expect(isMeant({ subject: undefined, sid: 'b', issuedAt: 100 }, unnamed)).to.equal(false);
  });
});
