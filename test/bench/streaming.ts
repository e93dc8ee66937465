/** Starts the stand-in of streaming-upstream.ts. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCertificateAuthority } from '../../scripts/kubernetes/certificates.ts';
import type { Cluster } from '../support/clusters.ts';
import { tempDir } from '../support/temp-dir.ts';
import { namespace } from './setting.ts';
import type { StandIn } from './ways.ts';

export interface StreamingPlan {
  readonly cert: string;
  readonly key: string;
  /** Where everything else goes; the CA in PEM. */
  readonly cluster: { readonly url: string; readonly ca: string };
  readonly list: { readonly pods: number; readonly podBytes: number };
}

/** One event to all watches that select these labels. */
export interface StreamingOrder {
  readonly tell: string;
}

export interface StreamingUpstream extends StandIn {
  tell(group: string): void;
  stop(): void;
}

const pods = `/api/v1/namespaces/${namespace}/pods`;

/** Watches of one group are told of an event together. */
export const watchPath = (group: string): string => `${pods}?watch=true&labelSelector=${encodeURIComponent(selectorOf(group))}`;
export const listPath = `${pods}?labelSelector=${encodeURIComponent('very=many')}`;
/** After the bytes, down, or once they are there, up, comes their SHA-256. */
export const bytesPath = (direction: 'down' | 'up', bytes: number): string =>
  `${pods}/light/portforward?ports=1&direction=${direction}&bytes=${bytes}`;

const selectorOf = (group: string): string => `held=${group}`;

export async function startStreamingUpstream(cluster: Cluster, list = { pods: 50_000, podBytes: 2300 }): Promise<StreamingUpstream> {
  const directory = tempDir('infra-streaming');
  mkdirSync(join(directory, 'pki'));
  const authority = await createCertificateAuthority(directory, 'streaming');
  await authority.issue({ name: 'upstream', commonName: 'upstream', serves: ['127.0.0.1', 'localhost'] });
  const file = (name: string): string => join(directory, 'pki', name);
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  const plan: StreamingPlan = {
    cert: read('upstream.crt'),
    key: read('upstream.key'),
    cluster: { url: cluster.url, ca: readFileSync(cluster.caFile, 'utf8') },
    list,
  };
  const child = fork(join(import.meta.dirname, 'streaming-upstream.ts'), [JSON.stringify(plan)]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    port,
    ca: read('ca.crt'),
    caFile: file('ca.crt'),
    tell: (group) => void child.send({ tell: selectorOf(group) } satisfies StreamingOrder),
    stop: () => {
      child.disconnect();
    },
  };
}
