/** Somebody who asks all that the limits let through, and more: what it does to another person's latency. */
import { api } from '../../../shared/api/index.ts';
import { newPerson } from '../../support/server.ts';
import type { Effort, Figure } from '../figure.ts';
import { get, load, type LoadPlan, type LoadSummary } from '../load.ts';
import { guard, namespace, newCredential, targetOf, type Setting } from '../setting.ts';
import { median } from '../statistics.ts';
import { lightUpstream } from './light.ts';

const row = 'greedy';
const path = `/api/v1/namespaces/${namespace}/pods/light`;
const greedy = 'greedy@example.com';

export function greedyRows(setting: Setting) {
  return {
    [row]: async ({ seconds, runs }: Effort): Promise<Figure[]> => {
      const upstream = await lightUpstream(setting);
      const [server, cluster, token, person] = [
        await setting.server(),
        await setting.cluster(),
        await setting.token(),
        await setting.person(),
      ];
      const url = `https://127.0.0.1:${upstream.port}`;
      // As it is by itself: with its limits.
      const guarded = await guard({ server, cluster, token, person, variables: {} }, row, { url, caFile: upstream.caFile });
      const { connector, target } = guarded;
      const other = await newPerson(server, greedy);
      const call = await server.admin();
      await call(api.grants.create, { body: { subject: greedy, role: 'view', resource: `${row}.${namespace}` } });
      const credential = await newCredential(server, other, connector.destination.id);
      const calm: LoadPlan = { target, requests: [get(path)], connections: 4, seconds, rate: 100 };
      const attack: LoadPlan = {
        target: targetOf(server, connector, credential),
        requests: [get(path)],
        connections: 64,
        seconds: seconds + 2,
      };
      const alone: LoadSummary[] = [];
      const beside: LoadSummary[] = [];
      await load({ ...calm, seconds: 1 });
      for (let run = 0; run < runs; run++) {
        alone.push(await load(calm));
        // Refused, most of it: that is what is looked at.
        const attacking = load(attack).catch(() => undefined);
        beside.push(await load(calm));
        await attacking;
      }
      await connector.stop();
      upstream.stop();
      const of = (all: readonly LoadSummary[], which: 'p50' | 'p99'): number => median(all.map((summary) => summary[which]));
      const figure = (which: 'p50' | 'p99'): Figure => ({
        row,
        what: `beside one at the limit: added latency of another person, ${which}`,
        value: of(beside, which) - of(alone, which),
        unit: 'ms',
        note: `alone ${of(alone, which).toFixed(2)}, beside ${of(beside, which).toFixed(2)}; at 100/s, light upstream, one attacker on 64 connections`,
      });
      return [figure('p50'), figure('p99')];
    },
  };
}
