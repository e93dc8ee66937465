/** Reading with kubectl: every verb and every form of output gives the same, straight and through infra. */
import { expect } from 'chai';
import { startKubectl } from '../support/long-kubectl.ts';
import { waitFor } from '../support/wait-for.ts';
import { bothWays, type BothWays, type SuiteWish } from './both-ways.ts';
import type { Way } from './way.ts';

export function describeReading(wish: SuiteWish): BothWays {
  const ways = bothWays({ ...wish, isOneNamespace: true });

  before(async () => {
    await ways.arrange('for i in 1 2 3 4 5; do kubectl create configmap numbered-$i --from-literal=number=$i; done');
    await ways.arrange('kubectl label configmap numbered-1 numbered-2 parity=$NS');
    await ways.arrange('kubectl create secret generic hidden --from-literal=word=swordfish');
    await ways.arrange('kubectl create service clusterip steady --tcp=80:8080');
    await ways.arrange('kubectl create deployment idle --image=localhost/busybox:1 --replicas=0');
    await ways.arrange('kubectl rollout status deployment/idle --timeout=20s');
  });

  describe('get', () => {
    ways.rows([
      { line: 'kubectl get configmaps' },
      { line: 'kubectl get cm,secrets,services,deployments,serviceaccounts -o wide' },
      { line: 'kubectl get all' },
      { line: 'kubectl get configmaps -o json' },
      { line: 'kubectl get deployment idle -o yaml --show-managed-fields' },
      { line: 'kubectl get configmaps,secrets -o name' },
      { line: `kubectl get configmaps -o jsonpath='{range .items[*]}{.metadata.name}={.data.number}{"\\n"}{end}'` },
      { line: 'kubectl get configmaps -o custom-columns=NAME:.metadata.name,NUMBER:.data.number' },
      { line: "kubectl get configmaps -o go-template='{{range .items}}{{.metadata.name}} {{end}}'" },
      { line: 'kubectl get configmaps --chunk-size=2' },
      { line: 'kubectl get configmaps --chunk-size=2 -o json' },
      { line: 'kubectl get configmaps --no-headers --sort-by=.metadata.name' },
      { line: 'kubectl get configmaps -l parity=$NS --show-labels -L parity' },
      { line: 'kubectl get configmaps -A -l parity=$NS' },
      { line: "kubectl get configmaps -l 'parity,!other' -o name" },
      { line: 'kubectl get configmaps --field-selector=metadata.name=numbered-3' },
      { line: 'kubectl get configmaps --server-print=false' },
      { line: 'kubectl get configmap absent --ignore-not-found' },
      { line: 'kubectl get configmaps -n no-such-namespace' },
      { line: 'kubectl get deployment idle --subresource=scale' },
      { line: 'kubectl get deployment idle --subresource=status -o yaml' },
      { line: 'kubectl get node/$NODE namespace/kube-system' },
      { line: 'kubectl get nodes', isShared: true },
      { line: 'kubectl get clusterroles -l kubernetes.io/bootstrapping=rbac-defaults -o name' },
      { line: 'kubectl get secrets -A -o name', isShared: true },
      { line: 'kubectl get configmap numbered-1 numbered-2 absent', fails: true },
      { line: 'kubectl get nonsense', fails: true },
      { line: 'kubectl get pods --field-selector=nonsense=1', fails: true },
      { line: "kubectl get configmaps -l '=bad='", fails: true },
    ]);

    it('--watch shows each change as it comes', async () => {
      const { straight, throughInfra } = ways.prepared();
      const watches = [straight, throughInfra].map((way) =>
        startKubectl(way, 'get', 'configmaps', '-l', 'watched', '--watch', '--output-watch-events', '--show-labels', '--no-headers'),
      );
      const untilAllShow = async (text: string): Promise<unknown> =>
        waitFor(() => watches.every((watch) => watch.stdout().includes(text)), { within: 15, what: `both watches to show ${text}` });
      await ways.arrange('kubectl create configmap first && kubectl label configmap first watched=created');
      await untilAllShow('watched=created');
      await ways.arrange('kubectl label --overwrite configmap first watched=changed');
      await untilAllShow('watched=changed');
      await ways.arrange('kubectl delete configmap first');
      await untilAllShow('DELETED');
      const [expected = '', got] = watches.map((watch) => watch.stdout().replaceAll(/ \d+s /g, ' AGE '));
      for (const watch of watches) watch.kill();
      expect(got).to.equal(expected);
    });
  });

  describe('get --raw', () => {
    ways.rows([
      { line: 'kubectl get --raw /healthz' },
      { line: "kubectl get --raw '/readyz?verbose'" },
      { line: 'kubectl get --raw /version' },
      { line: 'kubectl get --raw /', isShared: true },
      { line: 'kubectl get --raw /api' },
      { line: 'kubectl get --raw /apis/apps/v1' },
      { line: 'kubectl get --raw "/api/v1/namespaces/$NS/configmaps?limit=2"', isShared: true },
      { line: 'kubectl get --raw "/api/v1/namespaces/$NS/configmaps/%6eumbered-1"' },
      { line: 'kubectl get --raw /openapi/v3', isShared: true },
      { line: 'kubectl get --raw /openapi/v2 | sha256sum', isShared: true },
      { line: 'kubectl get --raw /.well-known/openid-configuration' },
      { line: 'kubectl get --raw /openid/v1/jwks' },
      { line: "kubectl get --raw /metrics | grep '^# HELP apiserver_request_total'" },
      { line: 'kubectl get --raw /no/such/path', fails: true },
      { line: 'kubectl get --raw /api/v1/no-such-resources', fails: true },
    ]);
  });

  describe('describe, explain, discovery and the rest', () => {
    ways.rows([
      { line: 'kubectl describe configmap numbered-1' },
      { line: 'kubectl describe deployment/idle service/steady secret/hidden' },
      { line: 'kubectl describe configmaps' },
      { line: 'kubectl describe namespace $NS' },
      { line: 'kubectl describe pod absent', fails: true },
      { line: 'kubectl explain deployment.spec.strategy' },
      { line: 'kubectl explain pods --recursive | sha256sum' },
      { line: 'kubectl explain deployments --output=plaintext-openapiv2' },
      { line: 'kubectl explain nonsense', fails: true },
      { line: 'kubectl api-resources', isShared: true },
      { line: 'kubectl api-resources --namespaced=false -o wide --sort-by=name', isShared: true },
      { line: 'kubectl api-versions', isShared: true },
      { line: 'kubectl version' },
      { line: 'kubectl version -o json' },
      { line: 'kubectl events --for=deployment/idle' },
      { line: 'kubectl get events --field-selector=involvedObject.name=idle' },
      { line: 'kubectl top nodes', fails: true },
      { line: 'kubectl top pods', fails: true },
      { line: 'kubectl auth can-i create deployments' },
      { line: 'kubectl auth can-i --quiet delete nodes' },
      { line: 'kubectl auth can-i get pods --subresource=log' },
      { line: 'kubectl auth can-i get /metrics' },
      // A rule is listed once for each binding that gives it, and other suites bind the same group here.
      { line: 'kubectl auth can-i --list | uniq' },
      { line: 'kubectl rollout status deployment/idle' },
      { line: 'kubectl rollout history deployment/idle' },
      { line: 'kubectl cluster-info', differs: 'server' },
      { line: 'kubectl cluster-info dump --namespaces=$NS --output-directory=dump && cd dump && find . -type f | sort' },
      { line: 'kubectl options' },
    ]);
  });

  describe('differences that are meant', () => {
    const said = async (way: Way, line: string): Promise<string> => {
      const { stdout, stderr } = await way.run({ line });
      return stdout + stderr;
    };

    it('auth whoami names the person, with the groups of grants', async () => {
      const { straight, throughInfra, person } = ways.prepared();
      const line = "kubectl auth whoami -o jsonpath='{.status.userInfo.username} {.status.userInfo.groups}'";
      expect(await said(straight, line)).to.equal('admin ["system:masters","system:authenticated"]');
      expect(await said(throughInfra, line)).to.equal(`infra:${person.email} ["infra:cluster-admin@*","system:authenticated"]`);
    });

    it('--as is refused with a sentence', async () => {
      const { straight, throughInfra } = ways.prepared();
      const line = 'kubectl get configmaps -o name --as=nobody --as-group=system:masters';
      expect(await said(straight, line)).to.include('configmap/numbered-1');
      expect(await said(throughInfra, line)).to.match(/infra: --as-group may not name system:masters/);
    });
  });
  return ways;
}
