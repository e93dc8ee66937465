/** Defences of what connectors tell of open streams: taken out of the built program one by one, each attack succeeds. */
import { api } from '../../shared/api/index.ts';
import { newLease } from '../support/lease.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { stream, tellingConnector } from '../support/telling-connector.ts';
import { brokenIf, cutIn } from './defence.ts';
import { describeDefencesOn, type ServerDefence } from './describe-server-defences.ts';

interface StreamStage {
  readonly server: RunningServer;
  stop(): Promise<void>;
}

const leases = cutIn('leases/lease-store.js');
const book = cutIn('destinations/told-streams.js');
const service = cutIn('destinations/stream-service.js');

const defences: readonly ServerDefence<StreamStage>[] = [
  {
    name: 'a stream is shown only with a lease of its own destination',
    row: 24,
    cut: leases(".where('destination_id', '=', destinationId)\n                .where('session_expires_at'", ".where('session_expires_at'"),
    attack: async ({ server }) => {
      const own = await tellingConnector(server, 'own');
      const other = await tellingConnector(server, 'other');
      const { call } = await newPerson(server, 'ana@example.com');
      const admin = await server.admin();
      await admin(api.grants.create, { body: { subject: 'ana@example.com', role: 'view', resource: 'other' } });
      const { lease } = await newLease(call, other.destinationId);
      await own.tell({ total: 1, streams: [stream(lease.id)] });
      return brokenIf((await own.streams()).streams.length > 0);
    },
  },
  {
    name: 'replicas are bounded',
    row: 31,
    cut: book('own.replicas.size > replicasKept', 'false'),
    attack: async ({ server }) => {
      const own = await tellingConnector(server, 'own');
      for (let replica = 0; replica < 25; replica += 1) await own.tell({ replica: `r${replica}`, total: 1 });
      return brokenIf((await own.streams()).total > 20);
    },
  },
  {
    name: 'what is told goes with the contact',
    row: 24,
    cut: service('presence.whenGone((id) => told.forget(id));', ''),
    attack: async ({ server }) => {
      const own = await tellingConnector(server, 'own');
      await own.tell({ total: 1 });
      await own.leave();
      return brokenIf((await own.streams()).told);
    },
  },
];

describeDefencesOn(
  'what connectors tell of open streams',
  async (main): Promise<StreamStage> => {
    const server = await startServer(main === undefined ? {} : { main });
    return { server, stop: async () => server.stop() };
  },
  defences,
);
