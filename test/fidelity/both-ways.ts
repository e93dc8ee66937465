/** Runs what a person types twice against the same real cluster, straight and through infra, and compares what came of it. */
import { expect } from 'chai';
import { obtainKubectl, type KubernetesRelease } from '../../scripts/kubernetes/obtain-assets.ts';
import { noWholeCluster, wholeCluster, type WholeCluster } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { waitFor } from '../support/wait-for.ts';
import { withoutDifferences, type DocumentedDifference } from './differences.ts';
import { newWay, type Outcome, type Typed, type Way } from './way.ts';

export interface Row extends Typed {
  /** Arguments of `kubectl get`: what the cluster's own admin sees afterwards is compared too. */
  readonly then?: string;
  /** Typed by the cluster's admin after each way's turn, for what both ways share; then they take turns. */
  readonly undo?: string;
  /** kubectl must end with another code than 0; without this it must not, lest two equal failures pass for a success. */
  readonly fails?: true;
  /** It shows what the whole cluster shares, where others may change something between the two: asked again until both say the same. */
  readonly isShared?: true;
  readonly differs?: DocumentedDifference;
}

/** What a suite that other files share is told by each of them. */
export interface SuiteWish {
  /** Begins the names of what the suite makes. */
  readonly name: string;
  /** Absent: both pinned. */
  readonly releases?: Releases;
  /** How the connector is reached; absent: at an address of its own. */
  readonly reach?: 'relay';
}

/** Which kubectl meets which cluster. */
export interface Releases {
  readonly kubectl: KubernetesRelease;
  readonly cluster: KubernetesRelease;
}

export interface BothWaysWish extends SuiteWish {
  /** Both look at one namespace, for what only reads; else each writes into its own. */
  readonly isOneNamespace?: true;
  readonly files?: Readonly<Record<string, string>>;
  /** Folders of programs that are typed besides kubectl. */
  readonly programs?: readonly string[];
}

export interface Prepared {
  readonly cluster: WholeCluster;
  readonly guarded: GuardedCluster;
  readonly person: Person;
  readonly straight: Way;
  readonly throughInfra: Way;
  /** The way of the cluster's admin into the namespace of the way through infra. */
  readonly admin: Way;
}

export interface BothWays {
  /** Defined once the tests run. */
  prepared(): Prepared;
  /** Typed by the cluster's admin in each namespace. */
  arrange(line: string): Promise<void>;
  /** The outcome that both ways have. */
  same(row: Row): Promise<Outcome>;
  /** Any work of both ways at once whose results must be equal. */
  sameOf<T>(work: (way: Way) => Promise<T>): Promise<T>;
  /** A test a row, named by its line. */
  rows(rows: readonly Row[]): void;
}

/** For the beginning of a describe(): arranges before its tests, clears away after them. */
export function bothWays(wish: BothWaysWish): BothWays {
  let made: Prepared | undefined;
  before(async function () {
    if (noWholeCluster !== undefined) this.skip();
    made = await prepare(wish);
  });
  after(async () => {
    if (made === undefined) return;
    const { guarded, straight, admin } = made;
    await guarded.admin('delete', 'namespace', straight.names.namespace, admin.names.namespace, '--ignore-not-found', '--wait=false');
    await guarded.stop();
  });
  const prepared = (): Prepared => {
    if (made === undefined) throw new Error('used before the tests run');
    return made;
  };
  const ways: BothWays = {
    prepared,
    arrange: async (line) => {
      const { straight, admin } = prepared();
      for (const way of wish.isOneNamespace ? [straight] : [straight, admin]) mustSucceed(line, await way.run({ line }));
    },
    same: async (row) => {
      if (!row.isShared) return sameRow(prepared(), row);
      return waitFor(async () => sameRow(prepared(), row), { within: 20, what: 'both ways to say the same' });
    },
    sameOf: async (work) => {
      const [expected, got] = await Promise.all([work(prepared().straight), work(prepared().throughInfra)]);
      expect(got).to.deep.equal(expected);
      return expected;
    },
    rows: (rows) => {
      for (const row of rows) it(row.line, async () => void (await ways.same(row)));
    },
  };
  return ways;
}

async function prepare(wish: BothWaysWish): Promise<Prepared> {
  const { releases = { kubectl: 'pinned', cluster: 'pinned' } } = wish;
  const cluster = await wholeCluster(releases.cluster);
  const kubectlProgram = await obtainKubectl({ release: releases.kubectl });
  const guarded = await guardCluster({
    cluster,
    name: wish.name,
    ...(wish.reach === undefined ? {} : { connector: { reach: wish.reach } }),
  });
  const person = await guarded.person('ana', { role: 'cluster-admin', namespace: null });
  const terminal = await person.terminal();
  const { namespace } = guarded;
  const [ofStraight, ofInfra] = wish.isOneNamespace ? [namespace, namespace] : [`${namespace}-s`, `${namespace}-i`];
  if (!wish.isOneNamespace) for (const each of [ofStraight, ofInfra]) await guarded.admin('create', 'namespace', each);
  for (const each of [ofStraight, ofInfra])
    await guarded.admin('-n', each, 'wait', '--for=create', 'serviceaccount/default', 'configmap/kube-root-ca.crt', '--timeout=20s');
  const { files = {}, programs = [] } = wish;
  const own = { cluster, kubectlProgram, files, programs };
  return {
    cluster,
    guarded,
    person,
    straight: await newWay({ ...own, kubeconfig: cluster.adminKubeconfig, namespace: ofStraight }),
    throughInfra: await newWay({ ...own, kubeconfig: terminal.kubeconfig, namespace: ofInfra, env: terminal.env }),
    admin: await newWay({ ...own, kubeconfig: cluster.adminKubeconfig, namespace: ofInfra }),
  };
}

async function sameRow({ straight, throughInfra, admin }: Prepared, row: Row): Promise<Outcome> {
  const turn = async (way: Way, judge: Way): Promise<Outcome> => {
    const outcome = await way.run(row);
    const after = row.then === undefined ? undefined : await judge.run({ line: `kubectl get ${row.then}` });
    if (row.undo !== undefined) mustSucceed(row.undo, await judge.run({ line: row.undo }));
    return { ...outcome, ...(after === undefined ? {} : { afterwards: after.stdout + after.stderr }) };
  };
  const turns = [(): Promise<Outcome> => turn(straight, straight), (): Promise<Outcome> => turn(throughInfra, admin)] as const;
  const [expected, got] = row.undo === undefined ? await Promise.all([turns[0](), turns[1]()]) : [await turns[0](), await turns[1]()];
  expect(expected.code === 0, `${expected.code}: ${expected.stderr}`).to.equal(!row.fails);
  const compared = [clean(got, throughInfra, row.differs), clean(expected, straight, row.differs)] as const;
  expect(compared[0]).to.deep.equal(compared[1]);
  // What does not differ any more must leave the table.
  if (row.differs !== undefined) expect(clean(got, throughInfra)).to.not.deep.equal(clean(expected, straight));
  return expected;
}

function mustSucceed(line: string, { code, stderr, stdout }: Outcome): void {
  if (code !== 0) throw new Error(`${line} ended with ${code}: ${stderr}${stdout}`);
}

function clean(outcome: Outcome, { names }: Way, differs?: DocumentedDifference): Outcome {
  const cleaned = (text: string): string => withoutDifferences(text, names, differs);
  const { code, stdout, stderr, afterwards } = outcome;
  return {
    code,
    stdout: cleaned(stdout),
    stderr: cleaned(stderr),
    ...(afterwards === undefined ? {} : { afterwards: cleaned(afterwards) }),
  };
}
