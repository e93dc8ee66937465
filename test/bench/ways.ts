/** The ways to one upstream that are compared: straight, through nginx, through infra. */
import { readFileSync } from 'node:fs';
import type { Reference } from './figure.ts';
import type { Construction } from './interleaved.ts';
import { offersHttp2, type LoadPlan, type Target } from './load.ts';
import { startReverseProxy } from './nginx.ts';
import { email, guard, namespace, once, type Guarded, type Setting } from './setting.ts';

export type WayName = Reference | 'infra';

export interface Way<Name extends WayName | 'relay' = WayName> {
  readonly name: Name;
  readonly target: Target;
  /** What the client itself must say, because nobody in between does. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whose CPU time counts; none: nothing stands in between. */
  readonly pids: () => readonly number[];
}

/** A server with TLS that stands for the API server: it passes on what it does not answer itself. */
export interface StandIn {
  readonly port: number;
  readonly ca: string;
  readonly caFile: string;
}

/** What the connector says upstream: who it is, and of the person. */
async function upstreamHeaders(setting: Setting): Promise<Record<string, string>> {
  return {
    Authorization: `Bearer ${await setting.token()}`,
    'Impersonate-User': `infra:${email}`,
    'Impersonate-Group': `infra:view@${namespace}`,
  };
}

/** To the real API server; made once. */
export const clusterWays = (setting: Setting) =>
  once(async () => {
    const { url, caFile } = await setting.cluster();
    const headers = await upstreamHeaders(setting);
    const { target, connector } = await setting.guarded();
    const direct: Target = { host: '127.0.0.1', port: Number(new URL(url).port), ca: readFileSync(caFile, 'utf8') };
    const ways: readonly Way[] = [
      { name: 'direct', target: direct, headers, pids: () => [] },
      await throughNginx(setting, { upstream: { url, caFile }, target, workers: 2 }),
      { name: 'infra', target, headers: {}, pids: () => [connector.program().pid] },
    ];
    return ways;
  });

export interface StandInWays {
  readonly direct: Way<'direct'>;
  readonly nginx: Way<'nginx'>;
  readonly infra: Way<'infra'>;
  readonly guarded: Guarded;
  stop(): Promise<void>;
}

/** To a stand-in, with a connector of its own: what was measured before leaves no trace in it. One worker of nginx beside one process. */
export async function waysTo(setting: Setting, standIn: StandIn, destination: string): Promise<StandInWays> {
  const upstream = { url: `https://127.0.0.1:${standIn.port}`, caFile: standIn.caFile };
  const parts = { server: await setting.server(), cluster: await setting.cluster(), token: await setting.token() };
  const guarded = await guard({ ...parts, person: await setting.person() }, destination, upstream);
  const { connector, target } = guarded;
  const nginx = await throughNginx(setting, { upstream, target, workers: 1 });
  return {
    direct: { name: 'direct', target: { host: '127.0.0.1', port: standIn.port, ca: standIn.ca }, headers: {}, pids: () => [] },
    nginx,
    infra: { name: 'infra', target, headers: {}, pids: () => [connector.program().pid] },
    guarded,
    stop: async () => {
      nginx.stop();
      await connector.stop();
    },
  };
}

interface NginxWish {
  readonly upstream: { readonly url: string; readonly caFile: string };
  /** Of infra: the same certificate comes in here. */
  readonly target: Target;
  readonly workers: number;
  readonly bufferSize?: '16k';
}

export async function throughNginx(setting: Setting, wish: NginxWish): Promise<Way<'nginx'> & { stop(): void }> {
  const { upstream, target, ...how } = wish;
  const proxy = await startReverseProxy({
    upstream: { ...upstream, headers: await upstreamHeaders(setting) },
    clientCaFile: (await setting.server()).caFile,
    ...how,
  });
  const { port, ca, pids, stop } = proxy;
  return { name: 'nginx', target: { ...target, port, ca, servername: 'localhost' }, headers: {}, pids, stop };
}

/** The same load on each way; the requests are made with what each way's client must say itself. */
export const underLoad = <Name extends WayName | 'relay'>(
  ways: readonly Way<Name>[],
  plan: Omit<LoadPlan, 'target' | 'requests'>,
  requests: (headers: Readonly<Record<string, string>>) => readonly string[],
): (Construction & { readonly name: Name })[] =>
  ways.map(({ name, target, headers, pids }) => ({ name, pids, plan: { ...plan, target, requests: requests(headers) } }));

export async function thatOfferHttp2<Name extends WayName>(ways: readonly Way<Name>[]): Promise<readonly Way<Name>[]> {
  const offers = await Promise.all(ways.map(({ target }) => offersHttp2(target)));
  return ways.filter((_, index) => offers[index]);
}
