/** Certificates of the authority as people read them. Their keys do not come here. */
import { X509Certificate } from 'node:crypto';
import { certificateFingerprint } from '../../shared/node/fingerprint.ts';
import type { AuthorityCertificate } from '../../shared/api/settings.ts';
import type { AuthorityRecord } from './authority-store.ts';

export function describeAuthority({ id, kind, state, certificate }: Omit<AuthorityRecord, 'sealedKey'>): AuthorityCertificate {
  const parsed = new X509Certificate(certificate);
  return {
    ...{ id, kind, state, certificate },
    name: commonNameOf(parsed.subject),
    fingerprint: certificateFingerprint(certificate),
    notBefore: parsed.validFromDate.toISOString(),
    notAfter: parsed.validToDate.toISOString(),
  };
}

/** One line an attribute, as Node writes subjects. */
const commonNameOf = (subject: string): string =>
  subject
    .split('\n')
    .find((line) => line.startsWith('CN='))
    ?.slice('CN='.length) ?? subject;
