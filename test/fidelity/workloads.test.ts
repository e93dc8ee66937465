/** Workloads and what the whole cluster shares (nodes, CRDs, certificate requests): the same, straight and through infra. */
import { bothWays } from './both-ways.ts';

const pod = (name: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  nodeName: $NS-node
  terminationGracePeriodSeconds: 0
  containers: [{ name: main, image: "localhost/busybox:1", imagePullPolicy: Never, command: [sleep, "1000"] }]
`;

const files = {
  'crd.yaml': `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.$NS.example.com }
spec:
  group: $NS.example.com
  scope: Namespaced
  names: { plural: widgets, singular: widget, kind: Widget, shortNames: [wd], categories: [all] }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {}, scale: { specReplicasPath: .spec.size, statusReplicasPath: .status.size } }
      additionalPrinterColumns: [{ name: Size, type: integer, jsonPath: .spec.size }]
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: { type: object, properties: { size: { type: integer, maximum: 9, description: How large it is. } } }
            status: { type: object, properties: { size: { type: integer } } }
`,
  'widget.yaml': `
apiVersion: $NS.example.com/v1
kind: Widget
metadata: { name: one }
spec: { size: 3 }
`,
  // Nothing is scheduled there, and no kubelet looks after it.
  'node.yaml': 'apiVersion: v1\nkind: Node\nmetadata: { name: $NS-node }\n',
  'pods.yaml': ['drained', 'kept'].map(pod).join('---'),
};

const deployment = 'deployment/web -o jsonpath={.spec} ';
const rolledOut = 'kubectl rollout status deployment/web --timeout=30s | tail -n 1';

describe('fidelity: workloads', function () {
  this.timeout(60_000);
  const ways = bothWays({ name: 'fid-work', files });
  after(async () => ways.arrange('kubectl delete --ignore-not-found --wait=false node/$NS-node crd/widgets.$NS.example.com csr/$NS'));

  describe('a deployment', () => {
    ways.rows([
      { line: 'kubectl create deployment web --image=localhost/busybox:1 -- sleep 1000', then: deployment },
      { line: `kubectl patch deployment web -p '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":0}}}}'` },
      { line: rolledOut },
      { line: 'kubectl set env deployment/web WORD=one', then: deployment },
      { line: 'kubectl set env deployment/web --list' },
      { line: 'kubectl set resources deployment/web --limits=memory=64Mi', then: deployment },
      { line: 'kubectl set serviceaccount deployment/web default', then: deployment },
      { line: 'kubectl annotate deployment web kubernetes.io/change-cause=resources' },
      { line: rolledOut },
      { line: 'kubectl rollout pause deployment/web', then: deployment },
      { line: 'kubectl set image deployment/web busybox=localhost/absent:1', then: deployment },
      { line: 'kubectl rollout resume deployment/web', then: deployment },
      { line: 'kubectl rollout status deployment/web --timeout=1s', fails: true },
      { line: 'kubectl rollout undo deployment/web', then: deployment },
      { line: rolledOut },
      { line: 'kubectl rollout history deployment/web' },
      { line: 'kubectl rollout history deployment/web --revision=2' },
      { line: 'kubectl rollout restart deployment/web' },
      { line: rolledOut },
      { line: 'kubectl scale deployment web --replicas=2 --current-replicas=1', then: deployment },
      { line: 'kubectl scale deployment web --replicas=3 --current-replicas=7', fails: true, then: deployment },
      { line: 'kubectl wait --for=jsonpath={.status.readyReplicas}=2 deployment/web --timeout=30s' },
      { line: 'kubectl wait --for=condition=Available deployment/web --timeout=30s' },
      { line: 'kubectl wait --for=condition=Nonsense deployment/web --timeout=1s', fails: true },
      { line: 'kubectl autoscale deployment web --min=1 --max=3 --cpu=80%', then: 'hpa/web -o yaml' },
      { line: 'kubectl delete hpa web' },
      {
        line: 'kubectl expose deployment web --port=80 --target-port=8080 --type=NodePort',
        then: 'service/web -o jsonpath={.spec.selector}{.spec.type}',
      },
      { line: 'kubectl set selector service web tier=none', then: 'service/web -o jsonpath={.spec.selector}' },
      { line: 'kubectl create poddisruptionbudget web --selector=app=web --min-available=1', then: 'pdb/web -o jsonpath={.spec}' },
      { line: 'kubectl get pods --no-headers -o wide | wc -l' },
      { line: 'kubectl delete pod -l app=web --wait=false | wc -l' },
      // Their names hold the second of the restart.
      { line: 'kubectl delete deployment web --cascade=orphan', then: 'replicasets -o name | wc -l' },
      { line: 'kubectl delete replicasets --all --cascade=foreground --wait=false | wc -l' },
    ]);
  });

  describe('jobs, rights, quotas and tokens', () => {
    ways.rows([
      {
        line: 'kubectl create job once --image=localhost/busybox:1 -- sh -c "echo done"',
        then: 'job/once -o jsonpath={.spec.template.spec}',
      },
      { line: 'kubectl wait --for=condition=Complete job/once --timeout=30s' },
      { line: 'kubectl logs job/once' },
      {
        line: 'kubectl create cronjob daily --schedule="0 0 1 1 *" --image=localhost/busybox:1 -- true',
        then: 'cronjob/daily -o jsonpath={.spec}',
      },
      { line: 'kubectl create job now --from=cronjob/daily' },
      { line: 'kubectl delete job now --wait=false && kubectl wait --for=delete job/now --timeout=30s >/dev/null' },
      { line: 'kubectl create quota small --hard=configmaps=1', then: 'quota/small -o jsonpath={.spec}' },
      { line: 'kubectl create configmap beyond', fails: true },
      { line: 'kubectl create role looker --verb=get,list --resource=pods,pods/log', then: 'role/looker -o yaml' },
      { line: 'kubectl create rolebinding looker --role=looker --serviceaccount=$NS:default', then: 'rolebinding/looker -o yaml' },
      { line: 'kubectl set subject rolebinding looker --user=somebody', then: 'rolebinding/looker -o yaml' },
      {
        line: 'kubectl get role looker -o yaml | sed s/list/watch/ | kubectl auth reconcile --remove-extra-permissions -f -',
        then: 'role/looker -o yaml',
      },
      { line: 'kubectl create token default | cut -d. -f1 | wc -l' },
      { line: 'kubectl create token default --audience=there --duration=1s', fails: true },
      { line: 'kubectl create ingress web --rule=web.example.com/=web:80', then: 'ingress/web -o jsonpath={.spec}' },
      { line: 'kubectl create priorityclass $NS --value=7 --dry-run=server -o yaml' },
    ]);
  });

  describe('a custom resource', () => {
    ways.rows([
      { line: 'kubectl create -f crd.yaml', then: 'crd/widgets.$NS.example.com -o jsonpath={.spec}' },
      { line: 'kubectl wait --for=condition=Established crd/widgets.$NS.example.com --timeout=20s' },
      { line: 'kubectl api-resources --api-group=$NS.example.com --no-headers' },
      { line: 'kubectl apply -f widget.yaml', then: 'widget.$NS.example.com/one -o yaml --show-managed-fields' },
      { line: 'kubectl get widgets.$NS.example.com -o wide' },
      { line: 'kubectl describe widgets.$NS.example.com one' },
      { line: 'kubectl scale widgets.$NS.example.com one --replicas=5', then: 'widget.$NS.example.com/one -o yaml' },
      { line: `kubectl patch widgets.$NS.example.com one --type=merge -p '{"spec":{"size":10}}'`, fails: true },
      { line: `kubectl patch widgets.$NS.example.com one -p '{"spec":{"size":1}}'`, fails: true },
      {
        line: `kubectl patch widgets.$NS.example.com one --subresource=status --type=merge -p '{"status":{"size":4}}'`,
        then: 'widget.$NS.example.com/one -o yaml',
      },
      { line: 'kubectl delete -f crd.yaml --timeout=30s' },
      { line: 'kubectl get widgets.$NS.example.com', fails: true },
    ]);
  });

  describe('a node', () => {
    const node = "node/$NS-node -o jsonpath={.spec.unschedulable}{.spec.taints[?(@.key=='mine')].effect}";
    ways.rows([
      { line: 'kubectl create -f node.yaml -f pods.yaml', then: 'pods drained kept -o name' },
      { line: 'kubectl cordon $NS-node', then: node },
      { line: 'kubectl cordon $NS-node', then: node },
      { line: 'kubectl taint node $NS-node mine=yes:PreferNoSchedule', then: node },
      { line: 'kubectl taint node $NS-node mine-', then: node },
      { line: 'kubectl drain $NS-node --dry-run=server', fails: true },
      {
        line: 'kubectl drain $NS-node --pod-selector=app=drained --force --grace-period=0 --timeout=20s',
        then: 'pods drained kept --ignore-not-found -o name',
      },
      { line: 'kubectl uncordon $NS-node', then: node },
      { line: 'kubectl describe node $NS-node | grep -c Unschedulable' },
      { line: 'kubectl delete pod kept --grace-period=0 --force' },
      { line: 'kubectl delete node $NS-node' },
      { line: 'kubectl cordon $NODE', undo: 'kubectl uncordon $NODE' },
    ]);
  });

  describe('a certificate request', () => {
    const request =
      'openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=robot -out request.pem 2>/dev/null';
    const manifest = `printf '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"%s"},"spec":{"signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"],"request":"%s"}}' $NS $(base64 -w0 request.pem)`;
    ways.rows([
      { line: `${request} && ${manifest} | kubectl create -f -`, then: 'csr/$NS -o jsonpath={.spec.signerName}' },
      { line: 'kubectl certificate approve $NS', then: 'csr/$NS -o jsonpath={.status.conditions[*].type}' },
      { line: 'kubectl certificate deny $NS --force', fails: true },
      { line: 'kubectl delete csr $NS' },
    ]);
  });
});
