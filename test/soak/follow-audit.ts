/** Reads the cluster's audit log while it is written: it is turned over every 20 MB, and what is gone cannot testify. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesAuditEvent } from '../support/kubernetes-audit.ts';

export interface AuditFollower {
  /** Waits for the last lines and gives everything since the start. */
  stop(): Promise<KubernetesAuditEvent[]>;
}

export function followAudit(path: string): AuditFollower {
  const events: KubernetesAuditEvent[] = [];
  let file = openSync(path, 'r');
  let offset = fstatSync(file).size;
  let rest = '';
  const buffer = Buffer.alloc(1 << 20);
  const readOn = (): void => {
    for (
      let length = readSync(file, buffer, 0, buffer.length, offset);
      length > 0;
      length = readSync(file, buffer, 0, buffer.length, offset)
    ) {
      offset += length;
      const lines = (rest + buffer.toString('latin1', 0, length)).split('\n');
      rest = lines.pop() ?? '';
      // Written by the API server, one event a line.
      for (const line of lines) events.push(JSON.parse(line) as KubernetesAuditEvent);
    }
  };
  const look = (): void => {
    readOn();
    // After a turn the old file is complete, under another name.
    if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(file).ino) return;
    readOn();
    closeSync(file);
    file = openSync(path, 'r');
    offset = 0;
    readOn();
  };
  const timer = setInterval(look, 100);
  return {
    stop: async () => {
      await delay(3000);
      clearInterval(timer);
      look();
      closeSync(file);
      return events;
    },
  };
}
