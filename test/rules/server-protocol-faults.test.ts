/** Which check of a login did not hold, in words: by codes of the standards alone, whatever else stands in an error. */
import { expect } from 'chai';
import { faultWords } from '../../server/login/protocol-fault-rules.ts';

describe('faults of a login at a provider', () => {
  it('are found by code, claim or beginning, in the error or what caused it', () => {
    const claim = new Error('unexpected JWT claim value encountered', {
      cause: Object.assign(new Error('x'), { cause: { claim: 'aud' } }),
    });
    expect(faultWords(claim, 'acme')).to.include('infra providers update acme --client-id');
    expect(faultWords(Object.assign(new Error('x'), { error: 'invalid_client' }), 'acme')).to.include('client id with our secret');
    expect(faultWords(new Error('JWT signature verification failed'), 'acme')).to.include('signature');
    expect(faultWords(Object.assign(new Error('x'), { code: 'OAUTH_KEY_SELECTION_FAILED' }), 'acme')).to.include('published keys');
  });

  it('are never in the provider’s own words, whatever names it uses', () => {
    const unknown = 'the log of infra-server says which check failed';
    for (const error of ['CANARY', '__proto__', 'constructor', 'toString', 7, { error: 'invalid_client' }])
      expect(faultWords(Object.assign(new Error('CANARY'), { error, claim: error, code: error }), 'acme')).to.include(unknown);
    for (const error of [undefined, null, 'invalid_client', 0]) expect(faultWords(error, 'acme')).to.include(unknown);
    const round: { cause?: unknown } = {};
    round.cause = round;
    expect(faultWords(round, 'acme')).to.include(unknown);
  });
});
