/** helm with a chart that has a little of everything: what it says and what the cluster holds are the same, straight and through infra. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { obtainClient } from '../../scripts/kubernetes/obtain-client.ts';
import { bothWays } from './both-ways.ts';

// Here and not in a hook, whose time is bounded: it may have to be built.
const programs = [await obtainClient('helm')];

const chart = globSync('chart/**/*.*', { cwd: import.meta.dirname });
const files = Object.fromEntries(chart.map((name) => [name, readFileSync(join(import.meta.dirname, name), 'utf8')]));

const gadgets = 'gadgets.$NS.example.com';
const held = `configmaps,serviceaccounts,${gadgets} -l app.kubernetes.io/managed-by=Helm -o yaml`;
const revisions = 'secrets -l owner=helm -o name';
const wait = '--wait --timeout=30s';

describe('fidelity: helm', function () {
  this.timeout(60_000);
  const ways = bothWays({ name: 'fid-helm', files, programs });
  after(async () => {
    const { guarded, straight, admin } = ways.prepared();
    const definitions = [straight, admin].map(({ names }) => `gadgets.${names.namespace}.example.com`);
    await guarded.admin('delete', 'crd', ...definitions, '--ignore-not-found', '--wait=false');
  });

  // The rows build upon one another.
  describe('install', () => {
    ways.rows([
      { line: 'helm install demo chart --dry-run=server --skip-crds', fails: true },
      { line: `helm install demo chart ${wait}`, then: held },
      { line: 'helm install demo chart', fails: true, then: revisions },
      { line: 'kubectl get crd gadgets.$NS.example.com -o jsonpath={.status.acceptedNames}' },
      { line: 'kubectl get job demo-before -o jsonpath={.status.succeeded}' },
      { line: 'kubectl get configmap demo-after -o jsonpath={.data}' },
    ]);
  });

  describe('what is there', () => {
    ways.rows([
      { line: 'helm list' },
      { line: 'helm list -o json' },
      { line: 'helm list -A --filter ^none$' },
      { line: 'helm status demo' },
      // helm lists kinds in no order.
      { line: 'helm status demo --show-resources | grep "^==>" | sort' },
      { line: 'helm template demo chart --validate --is-upgrade --skip-tests' },
      { line: 'helm get manifest demo' },
      { line: 'helm get hooks demo' },
      { line: 'helm get notes demo' },
      { line: 'helm get values demo --all' },
      { line: 'helm get metadata demo' },
      { line: 'helm status absent', fails: true },
    ]);
  });

  describe('upgrade and test', () => {
    ways.rows([
      { line: 'helm test demo --logs' },
      { line: 'helm upgrade demo chart --set colour=black', then: held },
      { line: 'helm test demo --logs', fails: true },
    ]);
  });

  describe('failing upgrade and rollback', () => {
    ways.rows([
      { line: 'helm upgrade demo chart --reuse-values --set replicas=0 --dry-run=server' },
      { line: `helm upgrade demo chart --set hookCode=3 --atomic --timeout=30s`, fails: true, then: held },
      { line: 'helm upgrade demo chart --set colour=[not,text]', fails: true, then: revisions },
      { line: 'helm upgrade absent chart', fails: true },
      { line: `helm rollback demo 1 ${wait}`, then: held },
      { line: 'helm rollback demo 99', fails: true },
      { line: 'helm history demo' },
      { line: 'helm history demo -o json --max=2' },
      { line: 'helm get manifest demo --revision=2' },
    ]);
  });

  describe('uninstall', () => {
    ways.rows([
      { line: 'helm uninstall demo --dry-run' },
      { line: `helm uninstall demo --keep-history --cascade=foreground ${wait}`, then: held },
      { line: 'helm list --uninstalled' },
      { line: 'helm uninstall demo', then: revisions },
      { line: 'helm uninstall demo', fails: true },
      { line: 'helm upgrade --install other chart --skip-crds --no-hooks', then: held },
      { line: 'helm uninstall other --ignore-not-found', then: 'deployments -o name' },
      // Definitions stay, as helm's documentation says.
      { line: 'kubectl get crd gadgets.$NS.example.com -o name' },
    ]);
  });
});
