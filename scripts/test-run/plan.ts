/** What a run consists of: which checks, which test files together in which process, and what each needs to be running. */
import { existsSync, globSync, readdirSync } from 'node:fs';
import { dirname, relative } from 'node:path';

/** What a run has once; the clusters and Keycloak are started and stopped with it. */
export type Need = 'control-plane' | 'whole-cluster' | 'older-whole-cluster' | 'keycloak' | 'chromium';

export interface MochaJob {
  /** Below test/: a folder, or one file. */
  readonly name: string;
  readonly files: readonly string[];
  readonly needs: readonly Need[];
}

export interface Plan {
  /** Names of npm scripts. */
  readonly checks: readonly string[];
  readonly jobs: readonly MochaJob[];
}

/** Build comes first: the other checks and the tests use what it writes. */
export const checks = { build: 'build', lint: 'lint', format: 'format:check', structure: 'structure', openapi: 'openapi:check' } as const;

interface Suite {
  readonly needs: readonly Need[];
  /** Real processes and waiting: its files run side by side. Else a folder is one process, because starting one costs more. */
  readonly eachFile?: true;
}

/** In the order in which they start, the slowest first. A folder of test/ that is not here runs too, and needs nothing. */
const suites: Readonly<Record<string, Suite>> = {
  e2e: { needs: ['control-plane', 'whole-cluster'], eachFile: true },
  connector: { needs: ['control-plane', 'whole-cluster'], eachFile: true },
  relay: { needs: ['control-plane', 'whole-cluster'], eachFile: true },
  security: { needs: ['control-plane', 'whole-cluster'], eachFile: true },
  fidelity: { needs: ['whole-cluster'], eachFile: true },
  skew: { needs: ['whole-cluster', 'older-whole-cluster'], eachFile: true },
  /** People at a real browser with a real identity provider. */
  browser: { needs: ['control-plane', 'keycloak', 'chromium'], eachFile: true },
  defences: { needs: [], eachFile: true },
  architecture: { needs: ['control-plane', 'whole-cluster', 'keycloak', 'chromium'], eachFile: true },
  cli: { needs: ['control-plane'], eachFile: true },
  /** The web UI in a real browser. */
  web: { needs: ['control-plane', 'chromium'], eachFile: true },
  api: { needs: [], eachFile: true },
  storage: { needs: [] },
  rules: { needs: [] },
};

const notSuites = ['support', 'bench', 'clients', 'soak', 'corpus'];

/** @param filters names of suites or checks, or paths; none: everything. Paths are relative to the checkout, which is the working directory. */
export function planOf(filters: readonly string[]): Plan {
  const all = [...new Set([...Object.keys(suites), ...testFolders()])];
  if (filters.length === 0) return { checks: Object.values(checks), jobs: all.flatMap((name) => jobsOf(name, testFiles(`test/${name}`))) };
  const chosenChecks = Object.entries(checks).filter(([name]) => filters.includes(name) || name === 'build');
  const files = filters.filter((filter) => !(filter in checks)).flatMap((filter) => filesOf(filter, all));
  const jobs = all.flatMap((name) =>
    jobsOf(
      name,
      [...new Set(files)].filter((file) => file.startsWith(`test/${name}/`)),
    ),
  );
  return { checks: chosenChecks.map(([, script]) => script), jobs };
}

function testFolders(): string[] {
  if (!existsSync('test')) return [];
  const entries = readdirSync('test', { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && !notSuites.includes(entry.name)).map(({ name }) => name);
}

function testFiles(folder: string): string[] {
  return globSync(`${folder}/**/*.test.ts`).sort();
}

function filesOf(filter: string, known: readonly string[]): string[] {
  const path = relative('.', known.includes(filter) ? `test/${filter}` : filter);
  const found = path.endsWith('.ts') && existsSync(path) ? [path] : testFiles(path);
  if (found.length > 0 || known.includes(filter)) return found;
  throw new Error(
    `no tests at ${filter}; suites: ${known.join(', ')}; checks: ${Object.keys(checks).join(', ')}; or a file or folder below test/`,
  );
}

function jobsOf(suite: string, files: readonly string[]): MochaJob[] {
  const { needs, eachFile } = suites[suite] ?? { needs: [] };
  const groups = Map.groupBy(files, (file) => (eachFile ? file : dirname(file)));
  return [...groups].map(([name, members]) => ({ name: relative('test', name).replace(/\.test\.ts$/, ''), files: members, needs }));
}
