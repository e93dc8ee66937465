/** A live copy of one kind of object: list, then watch, for as long as the program runs; everything is listed anew every few minutes, as no watch can be trusted for ever. */
import { z } from 'zod';
import type { Logger } from '../../shared/node/logger.ts';
import { pause } from '../pause.ts';
import { ClusterError, type ClusterClient } from './cluster-client.ts';

const metadataSchema = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  resourceVersion: z.string(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  deletionTimestamp: z.string().optional(),
});

const objectSchema = z.object({
  metadata: metadataSchema,
  roleRef: z.object({ kind: z.string(), name: z.string() }).optional(),
  subjects: z.array(z.object({ kind: z.string(), name: z.string() })).optional(),
});
export type WatchedObject = z.output<typeof objectSchema>;

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(objectSchema).nullable(),
});
const eventSchema = z.object({ type: z.string(), object: z.unknown() });

export interface ObjectWatch {
  objects(): Iterable<WatchedObject>;
  isSynced(): boolean;
  /** What a write of ours answered: known at once, before the watch tells. */
  adopt(object: unknown): void;
  drop(namespace: string | null, name: string): void;
  stop(): Promise<void>;
}

export interface ObjectWatchOptions {
  readonly client: ClusterClient;
  /** `/api/v1/namespaces` */
  readonly path: string;
  readonly labelSelector?: string;
  /** Names, labels and versions are enough. */
  readonly metadataOnly: boolean;
  readonly changed: () => void;
  readonly logger: Logger;
}

const relistMilliseconds = 5 * 60_000;
const retryMilliseconds = 1000;
const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const metadataObject = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

export function watchObjects(options: ObjectWatchOptions): ObjectWatch {
  return new LiveWatch(options);
}

class LiveWatch implements ObjectWatch {
  readonly #options: ObjectWatchOptions;
  #objects = new Map<string, WatchedObject>();
  #isSynced = false;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: ObjectWatchOptions) {
    this.#options = options;
    this.#running = this.#runForEver();
  }

  objects(): Iterable<WatchedObject> {
    return this.#objects.values();
  }

  isSynced(): boolean {
    return this.#isSynced;
  }

  adopt(object: unknown): void {
    const parsed = objectSchema.safeParse(object).data;
    if (parsed !== undefined) this.#put(parsed);
  }

  drop(namespace: string | null, name: string): void {
    this.#objects.delete(`${namespace ?? ''}/${name}`);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #runForEver(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        const begun = performance.now();
        await this.#watchFrom(await this.#list());
        // A watch that ends at once, again and again, must not become a storm of lists.
        if (performance.now() - begun < retryMilliseconds) await pause(retryMilliseconds, this.#stopping.signal);
      } catch (error) {
        if (this.#isStopped()) return;
        // 410: the version we watched from is gone; listing again is the cure and nothing to worry about.
        if (!(error instanceof ClusterError && error.status === 410))
          this.#options.logger.warn({ err: error, path: this.#options.path }, 'the cluster cannot be watched; trying again');
        await pause(retryMilliseconds, this.#stopping.signal);
      }
    }
  }

  #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #list(): Promise<string> {
    const found = new Map<string, WatchedObject>();
    let next = '';
    for (;;) {
      const query = this.#query({ limit: '500', ...(next === '' ? {} : { continue: next }) });
      const accept = this.#options.metadataOnly ? metadataList : 'application/json';
      const page = listSchema.parse(await this.#options.client.get(`${this.#options.path}?${query}`, accept));
      for (const object of page.items ?? []) found.set(keyOfObject(object), object);
      next = page.metadata.continue ?? '';
      if (next !== '') continue;
      const hasChanged = !this.#isSynced || !sameVersions(this.#objects, found);
      this.#objects = found;
      this.#isSynced = true;
      if (hasChanged) this.#options.changed();
      return page.metadata.resourceVersion;
    }
  }

  /** Returns when the watch has run its time; throws when it broke. */
  async #watchFrom(resourceVersion: string): Promise<void> {
    const timeoutSeconds = Math.floor((relistMilliseconds / 1000) * (0.8 + Math.random() * 0.2));
    const query = this.#query({ watch: 'true', resourceVersion, timeoutSeconds: String(timeoutSeconds) });
    // A half-open connection would end with the watch's own time at the latest, plus this.
    const deadline = AbortSignal.timeout((timeoutSeconds + 15) * 1000);
    const signal = AbortSignal.any([this.#stopping.signal, deadline]);
    const accept = this.#options.metadataOnly ? metadataObject : 'application/json';
    const incoming = await this.#options.client.stream(`${this.#options.path}?${query}`, accept, signal);
    incoming.setEncoding('utf8');
    let pending = '';
    for await (const chunk of incoming) {
      pending += chunk as string;
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#apply(line);
    }
  }

  #apply(line: string): void {
    const event = eventSchema.parse(JSON.parse(line));
    if (event.type === 'ERROR') throw new ClusterError(410, 'the watch has to begin anew');
    const object = objectSchema.parse(event.object);
    const hasChanged = event.type === 'DELETED' ? this.#remove(object) : this.#put(object);
    if (hasChanged) this.#options.changed();
  }

  /** False when a newer one is known, as after a write of ours. */
  #put(object: WatchedObject): boolean {
    const key = keyOfObject(object);
    const known = this.#objects.get(key);
    if (known !== undefined && versionOf(known) >= versionOf(object)) return false;
    this.#objects.set(key, object);
    return true;
  }

  #remove(object: WatchedObject): boolean {
    const known = this.#objects.get(keyOfObject(object));
    if (known !== undefined && versionOf(known) > versionOf(object)) return false;
    return this.#objects.delete(keyOfObject(object));
  }

  #query(more: Readonly<Record<string, string>>): string {
    const { labelSelector } = this.#options;
    return new URLSearchParams({ ...(labelSelector === undefined ? {} : { labelSelector }), ...more }).toString();
  }
}

const keyOfObject = (object: WatchedObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

/** Comparable within one kind of one cluster (KEP-5504 makes official what etcd has always done). */
const versionOf = (object: WatchedObject): bigint => BigInt(object.metadata.resourceVersion);

const sameVersions = (left: ReadonlyMap<string, WatchedObject>, right: ReadonlyMap<string, WatchedObject>): boolean =>
  left.size === right.size &&
  [...left].every(([key, object]) => right.get(key)?.metadata.resourceVersion === object.metadata.resourceVersion);
