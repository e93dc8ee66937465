/** A page that listens: the stream of `events.stream`, read as it comes. */
import { api } from '../../shared/api/index.ts';
import type { Topic } from '../../shared/api/events.ts';
import type { RunningServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface HeardEvent {
  readonly event: string;
  readonly data: { readonly topics?: readonly Topic[]; readonly reason?: string };
  /** By `performance.now`. */
  readonly at: number;
}
export interface Listening {
  readonly heard: readonly HeardEvent[];
  /** Topics so far, each once. */
  topics(): readonly Topic[];
  /** When it is told of this one. */
  topic(wanted: Topic): Promise<HeardEvent>;
  /** What it was told when the stream ended, all of it. */
  ended(): Promise<readonly HeardEvent[]>;
  isOver(): boolean;
  close(): Promise<void>;
}

export async function listen(server: RunningServer, headers: Readonly<Record<string, string>>): Promise<Listening> {
  const response = await server.request(api.events.stream.path, { headers: { ...headers } });
  if (response.status !== 200 || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const heard: HeardEvent[] = [];
  let isOver = false;
  let isOpen = false;
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const blocks = (text + decoder.decode(part.value, { stream: true })).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        isOpen = true;
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (event !== undefined) heard.push({ event, data: JSON.parse(data ?? '') as HeardEvent['data'], at: performance.now() });
      }
    }
  };
  void read()
    .catch(() => undefined)
    .finally(() => (isOver = true));
  await waitFor(() => isOpen, { within: 5, what: 'the stream to open' });
  return {
    heard,
    topics: () => [...new Set(heard.flatMap(({ data }) => data.topics ?? []))],
    topic: async (wanted) =>
      waitFor(() => heard.find(({ data }) => data.topics?.includes(wanted)), { within: 5, what: `word of ${wanted}` }),
    ended: async () => {
      await waitFor(() => isOver, { within: 10, what: 'the end of the stream' });
      return heard;
    },
    isOver: () => isOver,
    close: async () => reader.cancel(),
  };
}

export const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
