/** A TCP forwarder that stands between two programs and fails as networks do: it forgets, resets, holds and dawdles, each line by itself or all. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Line {
  /** Both ways, so far. */
  bytes(): number;
  /** As a NAT that forgets: nothing passes any more, and neither end is told. */
  forget(): void;
  /** Both ends see a reset. */
  reset(): void;
}

export interface FaultyLine {
  readonly port: number;
  /** Those that are open and not forgotten. */
  lines(): readonly Line[];
  accepted(): number;
  /** Forgets what is open. What comes later passes, unless there is an outage. */
  forgetAll(): void;
  /** What is open is forgotten, and what comes meanwhile as well, for good. */
  beginOutage(): void;
  endOutage(): void;
  /** Nothing passes until it is released, and nothing is lost. */
  hold(): void;
  release(): void;
  /** For what passes from now on, each way. */
  delay(milliseconds: number): void;
  close(): void;
}

interface Weather {
  isOutage: boolean;
  isHeld: boolean;
  delayMilliseconds: number;
}

interface OpenLine extends Line {
  release(): void;
  destroy(): void;
}

/** To a port, of this machine unless another is named, whether or not anybody listens there yet. */
export async function startFaultyLine(port: number, host = '127.0.0.1'): Promise<FaultyLine> {
  const weather: Weather = { isOutage: false, isHeld: false, delayMilliseconds: 0 };
  const all = new Set<OpenLine>();
  const live = new Set<OpenLine>();
  let accepted = 0;
  const server = createServer((inward) => {
    accepted += 1;
    const line = carry(inward, connect(port, host), weather, (state) => {
      live.delete(line);
      if (state === 'over') all.delete(line);
    });
    all.add(line);
    live.add(line);
    if (weather.isOutage) line.forget();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const forgetAll = (): void => [...live].forEach((line) => line.forget());
  return {
    // Of a TCP server that listens.
    port: (server.address() as AddressInfo).port,
    lines: () => [...live],
    accepted: () => accepted,
    forgetAll,
    beginOutage: () => {
      weather.isOutage = true;
      forgetAll();
    },
    endOutage: () => (weather.isOutage = false),
    hold: () => (weather.isHeld = true),
    release: () => {
      weather.isHeld = false;
      all.forEach((line) => line.release());
    },
    delay: (milliseconds) => (weather.delayMilliseconds = milliseconds),
    close: () => {
      server.close();
      all.forEach((line) => line.destroy());
    },
  };
}

function carry(inward: Socket, outward: Socket, weather: Weather, became: (state: 'forgotten' | 'over') => void): OpenLine {
  let bytes = 0;
  let isForgotten = false;
  const passes = (count: number): boolean => {
    if (!isForgotten) bytes += count;
    return !isForgotten;
  };
  const ways = [carryOneWay(inward, outward, weather, passes), carryOneWay(outward, inward, weather, passes)];
  const destroy = (): void => {
    inward.destroy();
    outward.destroy();
    became('over');
  };
  for (const socket of [inward, outward])
    socket
      .setNoDelay(true)
      .on('error', () => undefined)
      .on('close', () => {
        if (!isForgotten || (inward.destroyed && outward.destroyed)) destroy();
      });
  return {
    bytes: () => bytes,
    forget: () => {
      isForgotten = true;
      became('forgotten');
    },
    reset: () => {
      inward.resetAndDestroy();
      outward.resetAndDestroy();
    },
    release: () => ways.forEach((way) => way.release()),
    destroy,
  };
}

function carryOneWay(from: Socket, to: Socket, weather: Weather, passes: (count: number) => boolean): { release(): void } {
  const waiting: Buffer[] = [];
  const next = (): void => {
    if (weather.isHeld) return;
    const chunk = waiting.shift();
    if (chunk === undefined || !passes(chunk.length) || to.destroyed || to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  };
  from.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    if (weather.delayMilliseconds > 0) setTimeout(next, weather.delayMilliseconds);
    else next();
  });
  return {
    release: () => {
      while (waiting.length > 0 && !weather.isHeld) next();
    },
  };
}
