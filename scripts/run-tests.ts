/** The run behind scripts/test: clusters start in the background, the build comes first, then checks and tests side by side. */
import { join } from 'node:path';
import { failedOutcome, type Outcome } from './test-run/outcome.ts';
import { type MochaJob, type Plan, planOf } from './test-run/plan.ts';
import { type Task, runQueue } from './test-run/queue.ts';
import { type Duration, printDurations, printOutcome, printTotals } from './test-run/report.ts';
import { createRunContext, type RunContext } from './test-run/run-context.ts';
import { runCheck } from './test-run/run-check.ts';
import { runMocha } from './test-run/run-mocha.ts';
import { type SharedClusters, startSharedClusters } from './test-run/shared-clusters.ts';

const workers = Number(process.env['INFRA_TEST_WORKERS'] ?? 3);
const durations: Duration[] = [{ name: 'Node and npm packages', seconds: Number(process.env['INFRA_TEST_BOOTSTRAP_SECONDS'] ?? 0) }];
const outcomes: Outcome[] = [];
let isStopping = false;

async function measure<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    return await work();
  } finally {
    durations.push({ name, seconds: (performance.now() - started) / 1000 });
  }
}

function conclude(outcome: Outcome): void {
  // What was interrupted did not fail.
  if (isStopping) return;
  outcomes.push(outcome);
  durations.push({ name: outcome.name, seconds: outcome.seconds });
  printOutcome(outcome);
}

async function runAll(context: RunContext, plan: Plan): Promise<void> {
  const needs = new Set(plan.jobs.flatMap((job) => job.needs));
  const clusters = await startSharedClusters(context, needs, measure);
  const [build, ...otherChecks] = plan.checks;
  if (build !== undefined) conclude(await runCheck(context, build));
  if (outcomes.some(({ failed }) => failed > 0)) {
    console.log('The build failed: nothing else was run.');
    return;
  }
  const checkTasks = otherChecks.map((script) => ({
    prepared: Promise.resolve(),
    run: async () => conclude(await runCheck(context, script)),
  }));
  const testTasks = plan.jobs.map((job) => testTask(context, clusters, job));
  await runQueue([...checkTasks, ...testTasks], workers);
  if (outcomes.some(({ failed }) => failed > 0)) {
    for (const [need, directory] of Object.entries(clusters.directories)) context.keepLogs(`${directory}/log`, need);
  }
}

function testTask(context: RunContext, clusters: SharedClusters, job: MochaJob): Task {
  const { KUBECONFIG: _, ...env } = process.env; // somebody's own cluster is not for tests
  const ofRun = {
    TMPDIR: context.temporary,
    INFRA_TEST_RUN: context.temporary,
    INFRA_TEST_CLUSTERS: clusters.stateFile,
    NODE_COMPILE_CACHE: join(context.temporary, 'compile-cache'),
  };
  const prepared = Promise.all(job.needs.map((need) => clusters.ready(need)));
  const run = async (): Promise<void> => {
    try {
      await prepared;
    } catch (error) {
      conclude(failedOutcome(job.name, 0, `not run: ${String(error)}`));
      return;
    }
    conclude(await runMocha(context, job, { ...env, ...ofRun }));
  };
  return { prepared, run };
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  const context = createRunContext();
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => {
      console.error(`\n${signal}: stopping what was started`);
      isStopping = true;
      void context.end().finally(() => process.exit(code));
    });
  }
  try {
    await runAll(context, plan);
  } finally {
    await measure('stopping everything', () => context.end());
  }
  printDurations(durations, process.uptime() + (durations[0]?.seconds ?? 0));
  printTotals(outcomes);
  return outcomes.some(({ failed }) => failed > 0) ? 1 : 0;
}

try {
  // Not by itself: a cluster that nobody needs any more may still be starting. Its keeper ends it.
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
