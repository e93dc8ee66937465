import { expect } from 'chai';
import { ownAccountOf } from '../../connector/own-account.ts';
import { SecretValue } from '../../shared/node/secret-value.ts';

const tokenOf = (payload: string): SecretValue => new SecretValue(`e30.${Buffer.from(payload).toString('base64url')}.signature`);

describe('connector rule: its own account', () => {
  it('is the one its token names', () => {
    expect(ownAccountOf(tokenOf('{"sub":"system:serviceaccount:ops:infra"}'))).to.equal('system:serviceaccount:ops:infra');
  });

  it('is none for no token, another kind of token, or somebody who is no service account', () => {
    expect(ownAccountOf(undefined)).to.equal(undefined);
    expect(ownAccountOf(new SecretValue('opaque'))).to.equal(undefined);
    for (const payload of ['no json', '{}', '{"sub":7}', '{"sub":"ana"}', '{"sub":"system:serviceaccount:ops"}'])
      expect(ownAccountOf(tokenOf(payload)), payload).to.equal(undefined);
  });
});
