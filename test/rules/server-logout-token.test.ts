import { expect } from 'chai';
import { readLogoutClaims } from '../../server/login/logout-token-rules.ts';

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
});
