/**
 * Access log lines on disk until the server has them. One segment is one upload: the active one is appended to, sealed ones wait in order.
 * Where records are required a line is handed to the kernel before `append` returns, so it survives a kill of this program; else lines of one
 * turn of the loop travel together. The next fsync takes them to the disk.
 */
import {
  appendFileSync,
  close,
  closeSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type { AccessEvent } from '../../shared/api/connectors.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { parseLine, parseOwn } from './audit-lines.ts';

export interface AuditSegment {
  readonly name: string;
  readonly events: readonly AccessEvent[];
}

export interface AuditSpool {
  /** False when a further line would not be kept: `required` destinations refuse then. */
  canTake(): boolean;
  append(event: AccessEvent): void;
  /** The oldest segment, sealed so that nothing is added to it any more; undefined when all was taken. */
  oldest(): AuditSegment | undefined;
  taken(segment: AuditSegment): void;
  /** The server will never accept it: kept aside for a person to look at. */
  setAside(segment: AuditSegment): void;
  /** Lines dropped since the last call: the oldest with `bestEffort`; with `required` only refusals, once they have filled their reserve. */
  takeDroppedCount(): number;
  /** What the server has not taken yet. */
  size(): { readonly bytes: number; readonly lines: number };
  close(): void;
}

export interface AuditSpoolOptions {
  readonly path: string;
  readonly limitBytes: number;
  readonly mode: () => 'required' | 'bestEffort';
  readonly logger: Logger;
  /** Lines can no longer be kept: called once, until they can again. */
  readonly failing: (reason: string) => void;
}

export const linesPerSegment = 500;
const syncEveryMilliseconds = 1000;
/** Of a full spool, kept for what has to be said about refusals and about streams that end. */
const reserve = 0.1;
const pendingLimit = 10_000;

export function openAuditSpool(options: AuditSpoolOptions): AuditSpool {
  return new Spool(options);
}

interface Segment {
  readonly name: string;
  /** Written since this start, not by a program that may have been another version or been cut off. */
  readonly isOwn: boolean;
  readonly bytes: number;
  readonly lines: number;
}

class Spool implements AuditSpool {
  readonly #options: AuditSpoolOptions;
  readonly #segments: Segment[];
  #active: { name: string; file: number; bytes: number; lines: number } | undefined;
  #pending: string[] = [];
  #nextNumber: number;
  #bytes: number;
  #dropped = 0;
  #failure: string | undefined;
  readonly #syncing: NodeJS.Timeout;

  constructor(options: AuditSpoolOptions) {
    this.#options = options;
    mkdirSync(options.path, { recursive: true, mode: 0o700 });
    const names = readdirSync(options.path)
      .filter((name) => /^\d{12}\.ndjson$/.test(name))
      .sort();
    this.#segments = names.map((name) => {
      const bytes = statSync(join(options.path, name)).size;
      return { name, isOwn: false, bytes, lines: readFileSync(join(options.path, name), 'utf8').split('\n').length - 1 };
    });
    this.#bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    this.#nextNumber = Number(names.at(-1)?.slice(0, 12) ?? 0) + 1;
    this.#syncing = setInterval(() => this.#sync(), syncEveryMilliseconds).unref();
  }

  canTake(): boolean {
    if (this.#failure !== undefined) this.#tryAgain();
    return this.#failure === undefined && this.#bytes < this.#options.limitBytes;
  }

  append(event: AccessEvent): void {
    // Requests are refused by now, and refusals must not fill the disk.
    if (this.#bytes >= this.#options.limitBytes * (1 + reserve) || this.#pending.length >= pendingLimit) {
      this.#dropped += 1;
      return;
    }
    const count = this.#pending.push(`${JSON.stringify(event)}\n`);
    if (this.#options.mode() === 'required') this.#write();
    else if (count === 1) setImmediate(() => this.#write());
  }

  oldest(): AuditSegment | undefined {
    this.#write();
    if (this.#segments.length === 0) this.#seal();
    const first = this.#segments[0];
    if (first === undefined) return undefined;
    return { name: first.name, events: this.#read(first) };
  }

  taken(segment: AuditSegment): void {
    rmSync(join(this.#options.path, segment.name), { force: true });
    this.#forget(segment.name);
  }

  setAside(segment: AuditSegment): void {
    renameSync(join(this.#options.path, segment.name), join(this.#options.path, `${segment.name}.refused`));
    this.#forget(segment.name);
  }

  takeDroppedCount(): number {
    const count = this.#dropped;
    this.#dropped = 0;
    return count;
  }

  size(): { readonly bytes: number; readonly lines: number } {
    const sealed = this.#segments.reduce((sum, { lines }) => sum + lines, 0);
    return { bytes: this.#bytes, lines: sealed + (this.#active?.lines ?? 0) };
  }

  close(): void {
    clearInterval(this.#syncing);
    this.#write();
    if (this.#active === undefined) return;
    fsyncSync(this.#active.file);
    closeSync(this.#active.file);
    this.#active = undefined;
  }

  #write(): void {
    if (this.#pending.length === 0) return;
    const lines = this.#pending;
    this.#pending = [];
    const text = lines.join('');
    try {
      this.#active ??= this.#open();
      appendFileSync(this.#active.file, text);
      this.#active.bytes += Buffer.byteLength(text);
      this.#active.lines += lines.length;
      this.#bytes += Buffer.byteLength(text);
    } catch (error) {
      this.#pending = lines;
      this.#takeBack();
      this.#fail(`the audit spool cannot be written: ${error instanceof Error ? error.message : 'unknown error'}`);
      return;
    }
    if (this.#active.lines >= linesPerSegment) this.#seal();
    if (this.#bytes >= this.#options.limitBytes) this.#overflow();
  }

  /** A disk that fills up takes the beginning of a line: left there, it would tear the first of those written after it. */
  #takeBack(): void {
    if (this.#active === undefined) return;
    try {
      ftruncateSync(this.#active.file, this.#active.bytes);
    } catch {
      // Then nothing is added to it any more, and what is torn in it is left out when it is read.
      this.#seal();
    }
  }

  #overflow(): void {
    if (this.#options.mode() === 'required') {
      this.#options.failing('the audit spool is full');
      return;
    }
    while (this.#bytes >= this.#options.limitBytes && this.#segments[0] !== undefined) {
      const first = this.#segments[0];
      this.#dropped += first.lines;
      rmSync(join(this.#options.path, first.name), { force: true });
      this.#forget(first.name);
    }
  }

  #fail(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#options.logger.error({ reason }, 'access log lines cannot be kept');
    this.#options.failing(reason);
  }

  /** Whether the disk takes lines again is known only by trying. */
  #tryAgain(): void {
    this.#failure = undefined;
    this.#write();
  }

  #open(): { name: string; file: number; bytes: number; lines: number } {
    const name = `${String(this.#nextNumber).padStart(12, '0')}.ndjson`;
    const file = openSync(join(this.#options.path, name), 'ax', 0o600);
    this.#nextNumber += 1;
    return { name, file, bytes: 0, lines: 0 };
  }

  #seal(): void {
    if (this.#active === undefined) return;
    const { name, file, bytes, lines } = this.#active;
    this.#active = undefined;
    this.#segments.push({ name, isOwn: true, bytes, lines });
    fsync(file, (error) => {
      this.#synced(error);
      close(file, () => undefined);
    });
  }

  /** Off the loop: a disk that takes its time must hold up no request. */
  #sync(): void {
    if (this.#active !== undefined) fsync(this.#active.file, (error) => this.#synced(error));
  }

  #synced(error: NodeJS.ErrnoException | null): void {
    // EBADF: the segment was sealed, synced and closed meanwhile.
    if (error !== null && error.code !== 'EBADF') this.#fail(`the audit spool cannot be written: ${error.message}`);
  }

  #forget(name: string): void {
    const index = this.#segments.findIndex((segment) => segment.name === name);
    const [removed] = index === -1 ? [] : this.#segments.splice(index, 1);
    this.#bytes -= removed?.bytes ?? 0;
  }

  #read({ name, isOwn }: Segment): AccessEvent[] {
    const text = readFileSync(join(this.#options.path, name), 'utf8');
    const events = isOwn ? parseOwn(text) : undefined;
    return events ?? this.#readCarefully(name, text);
  }

  /** A line torn by a power failure is left out: it was never acknowledged to anybody. */
  #readCarefully(name: string, text: string): AccessEvent[] {
    const events: AccessEvent[] = [];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const parsed = parseLine(line);
      if (parsed !== undefined) events.push(parsed);
      else this.#options.logger.error({ segment: name }, 'an access log line on disk cannot be read');
    }
    return events;
  }
}
