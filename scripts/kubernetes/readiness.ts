/** Waiting for an API server, as its admin, without a kubectl process for every question. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from './component.ts';

/** What an API server needs to know to answer: `pki/admin.crt` and `pki/ca.crt` lie in the directory. */
interface Server {
  readonly directory: string;
  readonly url: string;
}

/** Whether the API server answers this path with 200. */
export async function answers({ directory, url }: Server, path = '/readyz'): Promise<boolean> {
  const pki = (name: string): Buffer => readFileSync(join(directory, 'pki', name));
  const identity = { ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') };
  return new Promise((resolve) => {
    const asked = request(new URL(path, url), { ...identity, agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}

export interface WaitOptions {
  readonly what: string;
  readonly withinSeconds: number;
  /** Their end ends the wait too: what they would have done will not happen. */
  readonly components?: readonly Component[];
}

export async function until(condition: () => Promise<boolean> | boolean, options: WaitOptions): Promise<void> {
  const deadline = performance.now() + options.withinSeconds * 1000;
  while (!(await condition())) {
    for (const component of options.components ?? []) component.assertRunning();
    if (performance.now() > deadline) throw new Error(`${options.what}: not within ${options.withinSeconds} s`);
    await delay(50);
  }
}

export async function untilReady(server: Server, components: readonly Component[]): Promise<void> {
  await until(() => answers(server), { what: `API server ready at ${server.url}`, withinSeconds: 90, components });
}

/** Pods are refused before it exists; the controller manager makes it a few seconds after it starts. */
export async function untilServiceAccount(server: Server, components: readonly Component[]): Promise<void> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default';
  await until(() => answers(server, path), { what: 'the default service account', withinSeconds: 90, components });
}
