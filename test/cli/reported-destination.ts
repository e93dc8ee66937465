/** A destination whose connector has joined and told its address, without a cluster behind it: all that the CLI's side needs. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { signAssertion } from '../../connector/broker-link/assertion.ts';
import { api } from '../../shared/api/index.ts';
import { createClient, type Call } from '../../shared/client.ts';
import { systemClock } from '../../shared/clock.ts';
import type { RunningServer } from '../support/server.ts';

export interface ReportedDestination {
  readonly id: string;
  readonly name: string;
  readonly connectorId: string;
  /** Calls as the connector. */
  readonly asConnector: Call;
  report(address: string): Promise<void>;
}

export async function reportedDestination(server: RunningServer, name: string, address = '127.0.0.1:6443'): Promise<ReportedDestination> {
  const admin = await server.admin();
  const { destination, joinToken } = await admin(api.destinations.create, { body: { name } });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const { connectorId, trustDomain } = await server.client()(api.connectors.enrol, {
    body: { joinToken, publicKey: { kty: 'EC', crv: 'P-256', x, y }, clusterUid: null, version: '0' },
  });
  const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const asConnector = createClient({
    baseUrl: server.url,
    fetch: async (url, { method, headers, body }) =>
      server.request(url.slice(server.url.length), {
        method: method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(typeof body === 'string' ? { body } : {}),
      }),
    authorize: async (request) => signAssertion({ key, connectorId, trustDomain, clock: systemClock }, request),
  });
  let sequence = 0;
  const report = async (at: string): Promise<void> =>
    asConnector(api.connectors.report, {
      body: { replica: 'one', sequence: (sequence += 1), version: '0', clusterUid: null, address: at, discovery: null, grants: [] },
    });
  await report(address);
  return { id: destination.id, name, connectorId, asConnector, report };
}
