/**
 * What a server has after its first start with an admin from its settings, who is logged in. It is made by a real server, once a run; further servers
 * begin with a copy, for a first start and a login hash two passwords, which are seconds of a processor by design.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from './temp-dir.ts';

/** Starts a server on the data directory, logs its admin in, stops it, and gives the session's secret. */
export type FirstStart = (dataDir: string) => Promise<string>;

let made: Promise<string> | undefined;

/** Fills the directory, and its root key's file beside it. Gives the secret of the admin's session. */
export async function beginWithCopy(dataDir: string, firstStart: FirstStart): Promise<string> {
  const from = await (made ??= oneOfThisRun(firstStart));
  mkdirSync(dataDir, { mode: 0o700 });
  cpSync(join(from, 'data'), dataDir, { recursive: true });
  cpSync(join(from, 'data.key'), `${dataDir}.key`);
  return readFileSync(join(from, 'admin-secret'), 'utf8');
}

async function oneOfThisRun(firstStart: FirstStart): Promise<string> {
  const ofRun = process.env['INFRA_TEST_RUN'];
  if (ofRun === undefined) return make(tempDir('infra-begin'), firstStart);
  const shared = join(ofRun, 'first-start');
  if (existsSync(shared)) return shared;
  const own = await make(tempDir('infra-begin'), firstStart);
  try {
    renameSync(own, shared);
    return shared;
  } catch {
    // Another process of this run was first.
    return existsSync(shared) ? shared : own;
  }
}

async function make(home: string, firstStart: FirstStart): Promise<string> {
  const folder = join(home, 'first-start');
  mkdirSync(folder);
  writeFileSync(join(folder, 'admin-secret'), await firstStart(join(folder, 'data')));
  return folder;
}
