import { expect } from 'chai';
import { canEndNames, trustDomainOf } from '../../server/trust-domain-rules.ts';

describe('trust domain', () => {
  it('is the host of publicUrl, and a name of its own where that is an IP address', () => {
    expect(trustDomainOf('https://infra.example.com:8443')).to.equal('infra.example.com');
    expect(trustDomainOf('https://localhost:8443')).to.equal('localhost');
    for (const url of ['https://192.0.2.7', 'https://192.0.2.7:8443', 'https://[2001:db8::7]:8443', 'https://0x7f.1'])
      expect(trustDomainOf(url), url).to.equal('infra.internal');
  });

  it('does not end as an IP address does', () => {
    for (const text of ['192.0.2.7', 'example.7', '7', 'a.0x7f']) expect(canEndNames(text), text).to.equal(false);
    for (const text of ['example.com', 'localhost', 'infra_1', '7.example', 'a.7b']) expect(canEndNames(text), text).to.equal(true);
  });
});
