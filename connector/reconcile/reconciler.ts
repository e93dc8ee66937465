/**
 * Makes the cluster's bindings what the desired state says: after every change of either, when a grant ends, and every few minutes. One run at
 * a time, newest wish wins. A step that fails is that binding's own affair and is tried again; the others go on.
 */
import { createBackoff } from '../broker-link/backoff.ts';
import type { DesiredIdentity } from '../../shared/api/connectors.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { ClusterError, type ClusterClient } from './cluster-client.ts';
import type { ClusterWatch } from './cluster-watch.ts';
import { keyOf, planBindings, type BindingPlan, type BindingStep } from './role-binding-plan.ts';

/** The parts of the desired state that bindings follow from. */
export interface WantedState {
  readonly epoch: string;
  readonly revision: number;
  readonly destination: {
    readonly id: string;
    readonly name: string;
    readonly userPrefix: string;
    readonly predecessors: readonly string[];
  };
  readonly identities: ReadonlyMap<string, DesiredIdentity>;
}

export interface GrantState {
  readonly id: string;
  readonly state: 'applied' | 'failed';
  readonly reason: string | null;
}

export interface Reconciler {
  want(state: WantedState): void;
  /** Something in the cluster changed. */
  clusterChanged(): void;
  grantStates(): readonly GrantState[];
  stop(): Promise<void>;
}

export interface ReconcilerOptions {
  readonly client: ClusterClient;
  readonly cluster: Pick<ClusterWatch, 'view' | 'bindings' | 'adopt' | 'drop'>;
  /** The connector's own namespace. */
  readonly guardedNamespace: string | undefined;
  /** The connector's own service account. */
  readonly ownAccount: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Every step for this revision was tried, and none is owed for a passing fault. */
  readonly applied: (epoch: string, revision: number) => void;
  /** States of grants may have changed. */
  readonly reported: () => void;
}

const stepsAtOnce = 8;
/** After a passing fault, such as an unreachable apiserver. */
const retryMilliseconds = 2000;
/**
 * After a refusal. Most often somebody has to mend it first; but an apiserver that has just started refuses what it will allow in a moment, when
 * it has read its own roles.
 */
const refusedRetry = { firstMilliseconds: 1000, longestMilliseconds: 30_000 };
const longestTimer = 3_600_000;

export function createReconciler(options: ReconcilerOptions): Reconciler {
  return new LiveReconciler(options);
}

class LiveReconciler implements Reconciler {
  readonly #options: ReconcilerOptions;
  #wanted: WantedState | undefined;
  #running: Promise<void> | undefined;
  #isOwed = false;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #acknowledged = '';
  #states: readonly GrantState[] = [];
  readonly #refused = createBackoff(refusedRetry);

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  want(state: WantedState): void {
    this.#wanted = state;
    this.#trigger();
  }

  clusterChanged(): void {
    this.#trigger();
  }

  grantStates(): readonly GrantState[] {
    return this.#states;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #trigger(): void {
    this.#isOwed = true;
    this.#running ??= this.#runWhileOwed().finally(() => {
      this.#running = undefined;
    });
  }

  async #runWhileOwed(): Promise<void> {
    while (this.#isOwed && !this.#isStopped) {
      this.#isOwed = false;
      await this.#runOnce();
    }
  }

  async #runOnce(): Promise<void> {
    const wanted = this.#wanted;
    const cluster = this.#options.cluster.view();
    if (wanted === undefined || cluster === undefined) return;
    const now = this.#options.clock.now();
    const plan = planBindings({
      destinationId: wanted.destination.id,
      destinationName: wanted.destination.name,
      userPrefix: wanted.destination.userPrefix,
      guardedNamespace: this.#options.guardedNamespace,
      ownAccount: this.#options.ownAccount,
      predecessors: wanted.destination.predecessors,
      identities: wanted.identities.values(),
      found: this.#options.cluster.bindings(),
      cluster,
      now,
    });
    const failures = await this.#execute(plan.steps, wanted.destination.id);
    this.#states = statesOf(plan, failures);
    const isOwed = [...failures.values()].some((failure) => failure.passing);
    this.#schedule(Math.min(this.#retryIn(failures.size > 0, isOwed), (plan.nextChangeAt ?? Number.POSITIVE_INFINITY) - now));
    if (!isOwed) this.#acknowledge(wanted);
    this.#options.reported();
  }

  #retryIn(hasFailed: boolean, isPassing: boolean): number {
    if (hasFailed) return isPassing ? retryMilliseconds : this.#refused.next();
    this.#refused.reset();
    return Number.POSITIVE_INFINITY;
  }

  async #execute(steps: readonly BindingStep[], destinationId: string): Promise<ReadonlyMap<string, Failure>> {
    const failures = new Map<string, Failure>();
    const queue = steps.values();
    const work = async (): Promise<void> => {
      for (const step of queue) {
        const target = step.kind === 'delete' ? step : step.binding;
        try {
          await this.#take(step, destinationId);
        } catch (error) {
          failures.set(keyOf(target), failureOf(error, target.name));
          this.#options.logger.warn({ err: error, step: step.kind, binding: keyOf(target) }, 'a binding could not be brought about');
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(stepsAtOnce, steps.length) }, work));
    return failures;
  }

  async #take(step: BindingStep, destinationId: string): Promise<void> {
    const { client, cluster } = this.#options;
    if (step.kind === 'delete' || step.kind === 'replace') {
      const target = step.kind === 'delete' ? step : step.binding;
      await client.deleteBinding(target);
      cluster.drop(target.namespace, target.name);
    }
    if (step.kind === 'delete') return;
    const { binding } = step;
    // Creating refuses to take over what somebody else made under that name; applying would not.
    const made =
      step.kind === 'apply' ? await client.applyBinding(binding, destinationId) : await client.createBinding(binding, destinationId);
    cluster.adopt(binding.namespace, made);
  }

  #acknowledge({ epoch, revision }: WantedState): void {
    const position = `${epoch}/${revision}`;
    if (position === this.#acknowledged) return;
    this.#acknowledged = position;
    this.#options.applied(epoch, revision);
  }

  #schedule(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (!Number.isFinite(milliseconds) || this.#isStopped) return;
    this.#timer = setTimeout(() => this.#trigger(), Math.min(Math.max(0, milliseconds) + 1, longestTimer));
  }
}

interface Failure {
  readonly reason: string;
  /** Trying again may help. */
  readonly passing: boolean;
}

function failureOf(error: unknown, name: string): Failure {
  if (!(error instanceof ClusterError)) return { reason: 'the kube-apiserver cannot be reached; the connector tries again', passing: true };
  if (error.status === 409)
    return {
      reason: `a binding named ${name} exists that does not carry infra's labels; it is left alone, rename or delete it`,
      passing: false,
    };
  const reason = `the cluster refused the binding: ${error.message}`.slice(0, 1000);
  return { reason, passing: error.status >= 500 || error.status === 429 };
}

function statesOf(plan: BindingPlan, failures: ReadonlyMap<string, Failure>): readonly GrantState[] {
  const states: GrantState[] = [];
  for (const [binding, grants] of plan.grantsByBinding) {
    const failure = failures.get(binding);
    for (const id of grants) states.push({ id, state: failure === undefined ? 'applied' : 'failed', reason: failure?.reason ?? null });
  }
  for (const id of plan.grantsWithout) states.push({ id, state: 'applied', reason: null });
  for (const [id, reason] of plan.impossible) states.push({ id, state: 'failed', reason });
  return states;
}
