/** The login of a workload: with a token that its platform makes (Kubernetes, GitHub Actions, GitLab, …) and no secret of ours. */
import { resolve } from 'node:path';
import { api } from '../shared/api/index.ts';
import { workloadTokenMaximum } from '../shared/api/sessions.ts';
import type { Call } from '../shared/client.ts';
import type { Environment } from './environment.ts';
import { CliError } from './failure.ts';
import type { LoginMethod } from './login-methods.ts';
import { readStdinLines } from './prompt.ts';
import { readTextFile } from './text-file.ts';

/** `file`: `-` is stdin, which cannot be read again when the session is over. */
export function workloadMethod({ call, environment }: { call: Call; environment: Environment }, file: string): LoginMethod {
  const path = file === '-' ? undefined : resolve(file);
  return {
    sharedAs: path === undefined ? undefined : `workload ${path}`,
    workloadTokenFile: path,
    run: async () => call(api.login.workload, { body: { token: await readToken(environment, path) } }),
  };
}

async function readToken(environment: Environment, path: string | undefined): Promise<string> {
  const where = path ?? 'what came on stdin';
  const token = (path === undefined ? ((await readStdinLines(environment))[0] ?? '') : readTextFile(path, 'the token')).trim();
  if (token === '') throw new CliError('wrongUse', `there is no token in ${where}; let the platform write one there`);
  if (token.length > workloadTokenMaximum)
    throw new CliError('wrongUse', `${where} is too long for a token; give a file that holds the token alone`);
  return token;
}
