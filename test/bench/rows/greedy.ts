/** Somebody who asks all that the limits let through, and more: what it does to another person's latency. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
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
/** After which all that may be asked at once has been asked. */
const burstMilliseconds = 1500;

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
        seconds: seconds + 3,
        isFar: true,
      };
      const straight: LoadPlan = { ...calm, target: { host: '127.0.0.1', port: upstream.port, ca: readFileSync(upstream.caFile, 'utf8') } };
      const beside = async (plan: LoadPlan, after = 0): Promise<LoadSummary> => {
        // Refused, most of it: that is what is looked at.
        const attacking = load(attack).catch(() => undefined);
        await delay(after);
        const summary = await load(plan);
        await attacking;
        return summary;
      };
      await load({ ...calm, seconds: 1 });
      const all: Record<'alone' | 'arrival' | 'lasting' | 'pastAlone' | 'pastArrival', LoadSummary[]> = {
        alone: [],
        arrival: [],
        lasting: [],
        pastAlone: [],
        pastArrival: [],
      };
      for (let run = 0; run < runs; run++) {
        all.alone.push(await load(calm));
        all.arrival.push(await beside(calm));
        all.lasting.push(await beside(calm, burstMilliseconds));
        // What the attacker takes of the machine's cores is not the connector's doing.
        all.pastAlone.push(await load(straight));
        all.pastArrival.push(await beside(straight));
      }
      await connector.stop();
      upstream.stop();
      const of = (name: keyof typeof all, which: 'p50' | 'p99'): number => median(all[name].map((summary) => summary[which]));
      const figure = (when: 'arrival' | 'lasting', what: string, which: 'p50' | 'p99'): Figure => ({
        row,
        what: `beside ${what}: added latency of another person, ${which}`,
        value: of(when, which) - of('alone', which),
        unit: 'ms',
        note: `${of('alone', which).toFixed(2)} alone; past the connector ${of('pastAlone', which).toFixed(2)}, while it comes ${of('pastArrival', which).toFixed(2)}; at 100/s, light upstream`,
      });
      const lasting = 'one at the limit';
      const arrival = 'one who opens 64 connections and asks all that is let through at once';
      return [
        figure('lasting', lasting, 'p50'),
        figure('lasting', lasting, 'p99'),
        figure('arrival', arrival, 'p50'),
        figure('arrival', arrival, 'p99'),
      ];
    },
  };
}
