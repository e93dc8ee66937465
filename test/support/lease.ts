/** A short-lived certificate as the CLI's credential plugin gets it: key made here, request signed here, the rest by the server. */
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import type { Lease } from '../../shared/api/leases.ts';
import type { Call } from '../../shared/client.ts';
import type { ClientCertificate } from './connector-client.ts';

export interface LeasedCertificate extends ClientCertificate {
  readonly lease: Lease;
}

/** @param csr another request than that of a new key, PEM, with the key that signed it. */
export async function newLease(
  call: Call,
  destinationId: string,
  csr?: { readonly pem: string; readonly key: string },
): Promise<LeasedCertificate> {
  const keys = csr === undefined ? createKeyPair() : { privateKey: csr.key, certificateRequest: csr.pem };
  const issued = await call(api.leases.create, { body: { destination: destinationId, csr: keys.certificateRequest } });
  return { chain: issued.certificateChain, key: keys.privateKey, lease: issued.lease };
}
