/** A connector that was told of ten thousand grants beside one that knows a single one. */
import { newPerson, startServer } from '../../support/server.ts';
import type { Effort, Figure } from '../figure.ts';
import { fillGrants } from '../fill-grants.ts';
import { interleave } from '../interleaved.ts';
import type { Nginx } from '../nginx.ts';
import { email, guard, namespace, type Setting } from '../setting.ts';
import { getLight, lightUpstream } from './light.ts';

const row = 'many-grants';
const people = 5000;

export function manyGrantsRows(setting: Setting) {
  return {
    [row]: async ({ seconds, runs }: Effort): Promise<Figure[]> => {
      const upstream = await lightUpstream(setting);
      const few = await connectorTold(setting, upstream, 0);
      const many = await connectorTold(setting, upstream, people);
      const plan = { requests: getLight(), connections: 16, seconds };
      const constructions = ([few, many] as const).map(({ name, guarded }) => ({
        name,
        plan: { ...plan, target: guarded.target },
        pids: () => [guarded.connector.program().pid],
      }));
      const outcome = await interleave(constructions, runs);
      for (const { stop } of [few, many]) await stop();
      upstream.stop();
      return [
        {
          row,
          what: '10,000 grants: growth of the connector',
          value: many.guarded.idleMegabytes - few.guarded.idleMegabytes,
          unit: 'MB',
          note: `idle ${many.guarded.idleMegabytes.toFixed(0)} MB beside ${few.guarded.idleMegabytes.toFixed(0)} with one grant`,
        },
        {
          row,
          what: '10,000 grants: CPU per 10,000 small GETs beside a single grant',
          value: outcome.many.cpuPerTenThousand / outcome.few.cpuPerTenThousand,
          unit: '×',
          note: `${outcome.many.cpuPerTenThousand.toFixed(2)} beside ${outcome.few.cpuPerTenThousand.toFixed(2)} s`,
        },
      ];
    },
  };
}

/** On a server of its own, whose database holds the grants before the connector asks for the first time. */
async function connectorTold(setting: Setting, standIn: Nginx, others: number) {
  const server = await startServer();
  const person = await newPerson(server, email);
  const beforeStart = async (destinationId: string): Promise<void> => {
    await server.stop();
    // Two bindings for all of them: what the cluster keeps is not what is measured.
    const rights = ['view', 'edit'].map((role) => ({ role, namespace }));
    fillGrants(server.databaseFile, { destinationId, people: others, rightsOf: () => rights });
    await server.start();
  };
  const parts = { server, person, cluster: await setting.cluster(), token: await setting.token(), beforeStart };
  const name = others === 0 ? ('few' as const) : ('many' as const);
  const guarded = await guard(parts, `grants-${name}`, { url: `https://127.0.0.1:${standIn.port}`, caFile: standIn.caFile });
  const stop = async (): Promise<void> => {
    await guarded.connector.stop();
    await server.stop();
  };
  return { name, guarded, stop };
}
