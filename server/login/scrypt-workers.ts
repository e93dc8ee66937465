/**
 * scrypt on threads of its own, which the scheduler puts behind everything else in the process: a hundred people who type their password in the
 * same minute must not keep kubectl waiting for its certificate. Node's own pool has one priority, and serves files and name look-ups besides.
 */
import { scryptSync } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';

export interface ScryptWish {
  /** As it is hashed, normalized already. */
  readonly password: string;
  readonly salt: Uint8Array;
  readonly keyLength: number;
  readonly N: number;
  readonly r: number;
  readonly p: number;
}
type Answer = { readonly key: Uint8Array } | { readonly fault: string };

/** Each takes 128 MiB while it computes, so no more at a time whatever the machine. */
const workers = 2;
const role = 'scrypt';

interface Pending {
  readonly wish: ScryptWish;
  readonly resolve: (key: Buffer) => void;
  readonly reject: (error: Error) => void;
}
const waiting: Pending[] = [];
const idle: Worker[] = [];
let started = 0;

export async function slowScrypt(wish: ScryptWish): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    waiting.push({ wish, resolve, reject });
    dispatch();
  });
}

function dispatch(): void {
  const worker = waiting.length === 0 ? undefined : (idle.pop() ?? start());
  const next = worker === undefined ? undefined : waiting.shift();
  if (worker === undefined || next === undefined) return;
  // While it computes the process stays; an idle one keeps nobody.
  worker.ref();
  const settle = (): void => {
    worker.off('message', answered).off('error', lost).off('exit', lost).unref();
  };
  const answered = (answer: Answer): void => {
    settle();
    idle.push(worker);
    if ('key' in answer) next.resolve(Buffer.from(answer.key));
    else next.reject(new Error(answer.fault));
    dispatch();
  };
  const lost = (cause: unknown): void => {
    settle();
    started -= 1;
    next.reject(new Error('the thread that hashes passwords ended', { cause }));
    dispatch();
  };
  worker.once('message', answered).once('error', lost).once('exit', lost);
  worker.postMessage(next.wish);
}

function start(): Worker | undefined {
  if (started >= workers) return undefined;
  const worker = new Worker(new URL(import.meta.url), { workerData: role, name: role });
  started += 1;
  return worker;
}

if (workerData === role) {
  // On Linux this is of the calling thread alone; where it is of the process, it must not be.
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
  parentPort?.on('message', ({ password, salt, keyLength, N, r, p }: ScryptWish) => {
    const answer = (): Answer => {
      try {
        return { key: scryptSync(password, salt, keyLength, { N, r, p, maxmem: 256 * N * r }) };
      } catch (error) {
        return { fault: error instanceof Error ? error.message : String(error) };
      }
    };
    parentPort?.postMessage(answer());
  });
}
