/** A connector without a program that is in contact and tells what is open at it, true or not. */
import { api } from '../../shared/api/index.ts';
import type { OpenStreamsResult } from '../../shared/api/open-streams.ts';
import type { DestinationId } from '../../shared/api/values.ts';
import { enrolConnector, type EnrolledConnector } from './enrolled-connector.ts';
import type { RunningServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface TellingConnector {
  readonly connector: EnrolledConnector;
  readonly destinationId: DestinationId;
  /** Tells it; the status of the answer. */
  tell(told: object): Promise<number>;
  /** As an admin sees it. */
  streams(): Promise<OpenStreamsResult>;
  /** Its line to the server ends. */
  leave(): Promise<void>;
}

/** A stream as a connector tells it. */
export const stream = (leaseId: string, more: object = {}): object => ({
  ...{ leaseId, since: '2026-01-31T12:00:00.000Z', verb: 'get', path: '/api/v1/namespaces/web/pods/shop/exec' },
  ...{ namespace: 'web', resource: 'pods', subresource: 'exec', name: 'shop' },
  ...more,
});

export async function tellingConnector(server: RunningServer, name: string): Promise<TellingConnector> {
  const connector = await enrolConnector(server, name);
  const admin = await server.admin();
  // An enrolled connector's own.
  const id = connector.destinationId as DestinationId;
  const isOnline = async (): Promise<boolean> =>
    (await admin(api.destinations.get, { params: { id } })).connectors.some(({ online }) => online);
  const line = await connector.send({ method: 'GET', path: api.connectors.changes.path });
  await waitFor(isOnline, { within: 5, what: 'the connector to be in contact' });
  let sequence = 0;
  return {
    connector,
    destinationId: id,
    tell: async (told) => {
      sequence += 1;
      const body = JSON.stringify({ replica: 'one', sequence, total: 0, streams: [], ...told });
      return (await connector.send({ method: 'POST', path: api.connectors.tellStreams.path, body })).status;
    },
    streams: async () => admin(api.destinations.streams, { params: { id } }),
    leave: async () => {
      await line.body?.cancel();
      await waitFor(async () => !(await isOnline()), { within: 5, what: 'the connector to be out of contact' });
    },
  };
}
