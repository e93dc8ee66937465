/** Writing with kubectl: what it says, how it ends and what the cluster holds afterwards are the same, straight and through infra. */
import { bothWays, type SuiteWish } from './both-ways.ts';

const bytesOfLarge = 900_000;

const files = {
  'config.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: applied, labels: { a: "1", b: "2" } }
data: { colour: red, shape: round }
---
apiVersion: v1
kind: Secret
metadata: { name: applied }
stringData: { word: swordfish }
`,
  'config-2.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: applied, labels: { a: "1" } }
data: { colour: blue, size: large }
`,
  'unknown-field.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: odd }
datum: { colour: blue }
`,
  'generated.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { generateName: made-, labels: { made: up } }
`,
  'large.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: large }\ndata: { bytes: "${'x'.repeat(bytesOfLarge)}" }\n`,
  // Beyond what etcd takes, and beyond what the API server reads.
  'too-large-to-store.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: larger }\ndata: { bytes: "${'x'.repeat(2_000_000)}" }\n`,
  'too-large-to-read.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: largest }\ndata: { bytes: "${'x'.repeat(4_000_000)}" }\n`,
};

const all = '-o yaml --show-managed-fields';
const applied = `configmap/applied secret/applied ${all}`;
const written = `configmap/written ${all}`;

export function describeWriting(wish: SuiteWish): void {
  const ways = bothWays({ ...wish, files });

  // The rows of each group build upon one another.
  describe('create, label, annotate, set, patch, edit, replace, delete', () => {
    ways.rows([
      { line: 'kubectl create configmap written --from-literal=n=1 --dry-run=client -o yaml' },
      { line: 'kubectl create configmap written --from-literal=n=1 --dry-run=server -o yaml', then: 'configmaps -o name' },
      { line: 'kubectl create configmap written --from-literal=n=1 --from-file=config.yaml', then: written },
      { line: 'kubectl create configmap written --from-literal=n=2', fails: true, then: written },
      { line: 'kubectl create -f - -o name', input: files['generated.yaml'], then: 'configmaps -l made=up -o yaml' },
      { line: 'kubectl create -f unknown-field.yaml', fails: true, then: 'configmaps -o name' },
      { line: 'kubectl create -f unknown-field.yaml --validate=warn', then: `configmap/odd ${all}` },
      { line: 'kubectl label configmap written a=1 b=2', then: written },
      { line: 'kubectl label configmap written a=2', fails: true, then: written },
      { line: 'kubectl label --overwrite configmap written a=2 b-', then: written },
      { line: 'kubectl label configmaps --all seen=yes --list | sort' },
      { line: 'kubectl annotate configmap written note=one', then: written },
      { line: 'kubectl annotate configmap written --resource-version=1 note=two --overwrite', fails: true, then: written },
      { line: `kubectl patch configmap written -p '{"data":{"n":"2"}}'`, then: written },
      { line: `kubectl patch configmap written --type=merge -p '{"data":{"n":null,"m":"3"}}'`, then: written },
      { line: `kubectl patch configmap written --type=json -p '[{"op":"add","path":"/data/k","value":"4"}]' -o yaml`, then: written },
      { line: `kubectl patch configmap written --type=json -p '[{"op":"test","path":"/data/k","value":"5"}]'`, fails: true, then: written },
      { line: `kubectl patch configmap written -p '{"data":{"n":[]}}'`, fails: true },
      { line: `kubectl patch configmap written --dry-run=server -p '{"data":{"n":"9"}}' -o yaml`, then: written },
      { line: 'kubectl edit configmap written', env: { EDITOR: 'sed -i s/m:/edited:/' }, then: written },
      { line: 'kubectl edit configmap written', env: { EDITOR: 'true' }, then: written },
      { line: 'kubectl edit configmap written', env: { EDITOR: 'sed -i /^metadata:/,$d' }, fails: true, then: written },
      { line: 'kubectl get configmap written -o yaml | sed s/edited:/replaced:/ | kubectl replace -f -', then: written },
      { line: 'kubectl get configmap written -o yaml | kubectl replace --force -f -', then: written },
      { line: 'kubectl create configmap absent --dry-run=client -o yaml | kubectl replace -f -', fails: true },
      { line: 'kubectl delete configmap written --dry-run=server', then: 'configmap/written -o name' },
      { line: 'kubectl delete configmap written', then: 'configmaps -o name' },
      { line: 'kubectl delete configmap written', fails: true },
      { line: 'kubectl delete configmap written --ignore-not-found' },
      { line: 'kubectl delete configmaps -l made=up | wc -l', then: 'configmaps -o name' },
      { line: 'kubectl delete configmaps --all --wait=false | sort | grep -v kube-root-ca', then: 'configmaps odd --ignore-not-found' },
    ]);
  });

  describe('apply and diff', () => {
    ways.rows([
      { line: 'kubectl diff -f config.yaml', fails: true },
      { line: 'kubectl apply --dry-run=client -f config.yaml -o yaml' },
      { line: 'kubectl apply --dry-run=server -f config.yaml', then: 'secrets -o name' },
      { line: 'kubectl apply -f config.yaml', then: applied },
      { line: 'kubectl apply -f config.yaml', then: applied },
      { line: 'kubectl diff -f config.yaml' },
      { line: 'kubectl diff -f config-2.yaml', fails: true, then: applied },
      { line: 'kubectl diff --server-side -f config-2.yaml', fails: true },
      { line: 'kubectl apply -f config-2.yaml', then: applied },
      { line: 'kubectl apply view-last-applied configmap applied' },
      { line: 'kubectl apply edit-last-applied configmap applied', env: { EDITOR: 'sed -i s/large/small/' }, then: applied },
      { line: 'kubectl apply set-last-applied -f config-2.yaml', then: applied },
      { line: 'kubectl apply --server-side --field-manager=other -f config.yaml', fails: true, then: applied },
      { line: 'kubectl apply --server-side --field-manager=other --force-conflicts -f config.yaml', then: applied },
      { line: 'kubectl apply --server-side --field-manager=other -f config-2.yaml -o yaml', then: applied },
      { line: 'kubectl apply --prune -l a=1 -f config-2.yaml --prune-allowlist=core/v1/ConfigMap', then: 'configmaps -l a=1 -o name' },
      { line: 'kubectl apply -f unknown-field.yaml', fails: true },
      { line: 'kubectl apply -f config.yaml -n no-such-namespace', fails: true },
      { line: 'kubectl delete -f config.yaml --wait', then: 'secrets -o name' },
    ]);
  });

  describe('large bodies', () => {
    const digest = 'configmap/large -o jsonpath={.data.bytes} | sha256sum';
    ways.rows([
      { line: 'kubectl create -f large.yaml', then: digest },
      { line: 'kubectl apply --server-side --force-conflicts -f large.yaml', then: digest },
      { line: 'kubectl get configmap large -o jsonpath={.data.bytes} | sha256sum' },
      { line: 'kubectl apply -f large.yaml', fails: true },
      { line: 'kubectl create -f too-large-to-store.yaml', fails: true, then: 'configmap/larger --ignore-not-found' },
      { line: 'kubectl create -f too-large-to-read.yaml', fails: true, then: 'configmap/largest --ignore-not-found' },
    ]);
  });
}
