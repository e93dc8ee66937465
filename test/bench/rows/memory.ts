/** Resident memory of the programs, before the first request and after all that the other rows did to them. */
import { get, load } from '../load.ts';
import { residentMegabytes } from '../process-usage.ts';
import { namespace, type Setting } from '../setting.ts';
import type { Effort, Figure } from '../figure.ts';

export function memoryRows(setting: Setting) {
  return {
    memory: async ({ seconds }: Effort): Promise<Figure[]> => {
      const server = await setting.server();
      const { connector, target, idleMegabytes } = await setting.guarded();
      await load({ target, requests: [get(`/api/v1/namespaces/${namespace}/configmaps/one`)], connections: 64, seconds });
      const row = 'memory';
      return [
        { row, what: 'connector memory idle', value: idleMegabytes, unit: 'MB', budget: { atMost: 130 }, goal: { atMost: 90 } },
        {
          row,
          what: 'connector memory after load',
          value: residentMegabytes(connector.program().pid),
          unit: 'MB',
          budget: { atMost: 170 },
          goal: { atMost: 130 },
        },
        { row, what: 'server memory after load', value: residentMegabytes(server.program().pid), unit: 'MB' },
      ];
    },
  };
}
