/** The connector's decision about one request, in process, in a small and in a large state. */
import { createGate } from '../../../connector/proxy/gate.ts';
import { createOpenRequests } from '../../../connector/proxy/open-requests.ts';
import type { DesiredIdentity, DesiredLease } from '../../../shared/api/connectors.ts';
import { newId } from '../../../shared/id.ts';
import type { Effort, Figure } from '../figure.ts';
import { median } from '../statistics.ts';

const grantsEach = 10;
const later = '2099-01-01T00:00:00.000Z';

export function effectiveAccessRows() {
  return {
    'effective-access': async ({ runs }: Effort): Promise<Figure[]> => {
      const [small, large] = [prepare(1000), prepare(100_000)];
      const rates = { small: [] as number[], large: [] as number[] };
      for (let run = 0; run < runs; run++) {
        rates.small.push(checksPerSecond(small));
        rates.large.push(checksPerSecond(large));
      }
      const row = 'effective-access';
      const note = `with 1,000 grants ${median(rates.small).toFixed(0)}/s`;
      return [
        {
          row,
          what: 'effective-access check at 100,000 grants',
          value: median(rates.large),
          unit: '/s',
          budget: { atLeast: 100_000 },
          note,
        },
      ];
    },
  };
}

type Prepared = ReturnType<typeof prepare>;

function prepare(grants: number) {
  const gate = createGate({
    now: Date.now,
    lastHeard: Date.now,
    refresh: async () => undefined,
    guardedNamespace: 'infra',
    ownAccount: undefined,
    stalenessLimitSeconds: 3600,
    openRequests: createOpenRequests(),
  });
  const identities = new Map<string, DesiredIdentity>();
  const leases = new Map<string, DesiredLease>();
  const peers = Array.from({ length: grants / grantsEach }, (_, index) => {
    const identity = identityOf(index);
    identities.set(identity.id, identity);
    const leaseId = newId('lease', Date.now());
    // An id made with the prefix of leases is one.
    leases.set(leaseId, {
      id: leaseId as DesiredLease['id'],
      identityId: identity.id,
      status: 'active',
      expiresAt: later,
      sessionExpiresAt: later,
    });
    return { identityId: identity.id, leaseId, notBefore: 0, notAfter: Number.POSITIVE_INFINITY };
  });
  gate.enforce({ destination: { name: 'bench', userPrefix: 'infra:', stalenessLimitSeconds: 3600 }, identities, leases }, 'all');
  return { gate, peers };
}

function identityOf(index: number): DesiredIdentity {
  const grants = Array.from({ length: grantsEach }, (_, space) => ({
    // Ids made with their prefixes are such ids.
    id: newId('grant', Date.now()) as DesiredIdentity['grants'][number]['id'],
    role: 'view',
    namespace: `team-${space}`,
    until: later,
    group: null,
  }));
  return {
    id: newId('user', Date.now()) as DesiredIdentity['id'],
    kind: 'user',
    name: `person-${index}@example.com`,
    status: 'active',
    grants,
  };
}

function checksPerSecond({ gate, peers }: Prepared): number {
  const startedAt = performance.now();
  let checks = 0;
  while (performance.now() - startedAt < 1000)
    for (let index = 0; index < 1000; index++, checks++) {
      const scope = {
        isResource: true,
        verb: 'get',
        apiGroup: '',
        resource: 'pods',
        subresource: '',
        namespace: `team-${checks % grantsEach}`,
        path: '',
      };
      const peer = peers[(checks * 7919) % peers.length];
      if (peer === undefined) throw new Error('there is a peer for every index');
      const verdict = gate.judge(peer, scope);
      if (verdict instanceof Promise || verdict.kind !== 'allowed') throw new Error('a check that must allow did not');
    }
  return checks / ((performance.now() - startedAt) / 1000);
}
