/** A handshake with client certificate for each request, from nothing and with the TLS session resumed: what kubectl costs that starts anew each time. */
import type { Effort, Figure } from '../figure.ts';
import { interleave } from '../interleaved.ts';
import type { Setting } from '../setting.ts';
import { underLoad, waysTo } from '../ways.ts';
import { getLight, lightUpstream } from './light.ts';

const row = 'handshakes';
const kinds = { full: 'full-handshakes', resumed: 'resumed-handshakes' } as const;

export function handshakeRows(setting: Setting) {
  return {
    [row]: async ({ seconds, runs }: Effort): Promise<Figure[]> => {
      const upstream = await lightUpstream(setting);
      const ways = await waysTo(setting, upstream, row);
      const figures: Figure[] = [];
      for (const [kind, client] of Object.entries(kinds)) {
        const load = underLoad([ways.nginx, ways.infra], { client, connections: 8, seconds }, getLight);
        const { nginx, infra } = await interleave(load, runs);
        const what = `handshake and request, ${kind}`;
        figures.push(
          {
            row,
            what,
            value: infra.perSecond,
            unit: '/s',
            beside: { nginx: nginx.perSecond },
            note: 'held back by the load generator',
          },
          {
            row,
            what: `${what}: CPU per 1,000`,
            value: infra.cpuPerTenThousand / 10,
            unit: 's',
            beside: { nginx: nginx.cpuPerTenThousand / 10 },
          },
        );
      }
      await ways.stop();
      upstream.stop();
      return figures;
    },
  };
}
