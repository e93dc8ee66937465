/** The audit: each change writes its events with it, what fails writes none but a refusal, and what is written stays. */
import { expect } from 'chai';
import type { AuditEvent } from '../../shared/api/audit.ts';
import { api, endpoints } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { newId } from '../../shared/id.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { inStage, newStage, type Stage } from './audit-stage.ts';
import { auditedAccessChanges } from './audited-access-changes.ts';
import { auditedIdentityChanges } from './audited-identity-changes.ts';
import { auditedProviderChanges } from './audited-provider-changes.ts';
import { auditedSecondFactorChanges } from './audited-second-factor-changes.ts';
import { auditedWorkloadChanges } from './audited-workload-changes.ts';

/** An endpoint that is missing here fails the suite. */
const auditedChanges = {
  ...auditedIdentityChanges,
  ...auditedAccessChanges,
  ...auditedProviderChanges,
  ...auditedSecondFactorChanges,
  ...auditedWorkloadChanges,
};

/** Connectors tell what happened there; test/connector and test/e2e look at that. */
const toldByConnectors = [
  'connectors.acknowledge',
  'connectors.report',
  'connectors.tellStreams',
  'connectors.uploadAudit',
  'connectors.servingCertificate',
];

/** Whom or what an event is about, by name. */
function targetOf(event: AuditEvent): string {
  const details = event.details as Readonly<Record<string, { readonly name?: string } | string | undefined>>;
  const nameOf = (key: string): string | undefined => {
    const value = details[key];
    return typeof value === 'object' ? value.name : value;
  };
  const keys = ['user', 'workload', 'group', 'accessKey', 'subject', 'owner', 'attempted', 'method', 'provider'];
  return keys.map(nameOf).find((name) => name !== undefined) ?? event.destination?.name ?? '';
}
const describeEvent = (event: AuditEvent): string => `${event.event} ${event.actor.name.replaceAll(' ', '-')} ${targetOf(event)}`;

describe('the audit', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let idp: OidcProvider;
  before(async () => {
    // Mail that never leaves: what is written of it comes from what was asked alone.
    server = await startServer({ settings: { 'mail-url': 'smtp://localhost:1', 'mail-from': 'infra@example.com' } });
    idp = await startOidcProvider([`${server.url}/login/callback/stage`]);
    admin = await server.admin();
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  const everything = async (): Promise<AuditEvent[]> => (await admin(api.audit.list, { query: { limit: 1000 } })).items;
  /** What the work wrote, oldest first. */
  async function written(work: () => Promise<unknown>): Promise<AuditEvent[]> {
    const known = new Set((await everything()).map(({ id }) => id));
    await work();
    return (await everything()).filter(({ id }) => !known.has(id)).toReversed();
  }

  it('is asked here about every call that changes anything', () => {
    const changing = endpoints.filter(({ method, name }) => method !== 'GET' && !toldByConnectors.includes(name));
    expect(Object.keys(auditedChanges).sort()).to.deep.equal(changing.map(({ name }) => name).sort());
  });

  for (const [name, { arrange, writes }] of Object.entries(auditedChanges)) {
    it(`${name} writes ${writes.map((line) => line.split(' ')[0]).join(', ')}`, async () => {
      const stage = await newStage(server, idp);
      const events = await written(await arrange(stage));
      expect(events.map(describeEvent)).to.have.members(writes.map((line) => inStage(line, stage)));
      for (const event of events) {
        expect(event.outcome).to.equal(event.event.endsWith('.refused') ? 'refused' : 'success');
        expect(event.source?.address, 'where it came from').to.match(/127\.0\.0\.1|::1/);
        expect(Math.abs(new Date(event.at).getTime() - Date.now())).to.be.below(20_000);
      }
      for (const clean of stage.cleanUp) await clean();
    });
  }

  const failures: Readonly<Record<string, { act: (stage: Stage) => Promise<unknown>; writes: readonly string[] }>> = {
    'a name that is taken': {
      act: async ({ person }) => admin(api.users.create, { body: { email: person.email } }),
      writes: [],
    },
    'something that is not there': {
      act: async () => admin(api.users.disable, { params: { id: newId('user', Date.now()) } }),
      writes: [],
    },
    'input that is wrong': { act: async () => admin(api.groups.create, { body: { name: 'Not A Name' } }), writes: [] },
    'taking the last admin away': {
      act: async () => admin(api.users.disable, { params: { id: (await admin(api.sessions.current, {})).identity.id } }),
      writes: [],
    },
    'a right that is missing': {
      act: async ({ person }) => person.call(api.users.list, {}),
      writes: ['access.refused PERSON '],
    },
    'a wrong password': {
      act: async ({ person }) => server.login(person.email, 'wrong wrong wrong'),
      writes: ['login.refused anonymous PERSON'],
    },
    'a lease without a grant': {
      act: async ({ person, destination }) =>
        person.call(api.leases.create, { body: { destination: destination.id, csr: 'whatever it is' } }),
      writes: ['lease.refused PERSON PROD'],
    },
    'a join token that is none': {
      act: async () => {
        const body = { joinToken: 'x', publicKey: { kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43) } } as const;
        return server.client()(api.connectors.enrol, { body: { ...body, clusterUid: null, version: 'test' } });
      },
      writes: ['connector.refused anonymous '],
    },
  };
  for (const [what, { act, writes }] of Object.entries(failures)) {
    it(`${what} writes ${writes.length === 0 ? 'nothing' : 'a refusal, and nothing of the change'}`, async () => {
      const stage = await newStage(server, idp);
      const events = await written(async () => refusal(act(stage)));
      expect(events.map(describeEvent)).to.deep.equal(writes.map((line) => inStage(line, stage)));
      for (const { outcome } of events) expect(outcome).to.equal('refused');
    });
  }

  it('reads page by page, whole and with nothing twice, while new events arrive', async () => {
    const before = (await everything()).map(({ id }) => id);
    expect(before.length).to.be.greaterThan(50);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await admin(api.audit.list, { query: { limit: 7, ...(cursor === undefined ? {} : { cursor }) } });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
      await admin(api.groups.create, { body: { name: `arrived-${seen.length}` } });
    } while (cursor !== undefined);
    expect(seen).to.deep.equal(before);
  });

  it('is newest first, and sifted by actor, event, family, outcome, destination and time', async () => {
    const all = await everything();
    expect(all.map(({ at }) => at)).to.deep.equal(
      all
        .map(({ at }) => at)
        .toSorted()
        .reverse(),
    );
    const middle = all[Math.floor(all.length / 2)]?.at ?? '';
    const destination = all.find((event) => event.event === 'lease.issued')?.destination?.id ?? '';
    const cases: readonly (readonly [object, (event: AuditEvent) => boolean])[] = [
      [{ actor: adminEmail }, ({ actor }) => actor.name === adminEmail],
      [{ event: 'grant.added' }, ({ event }) => event === 'grant.added'],
      [{ event: 'grant' }, ({ event }) => event.startsWith('grant.')],
      [{ outcome: 'refused' }, ({ outcome }) => outcome === 'refused'],
      [{ destination }, (event) => event.destination?.id === destination],
      [{ since: middle }, ({ at }) => at >= middle],
      [{ until: middle }, ({ at }) => at < middle],
    ];
    for (const [query, belongs] of cases) {
      const { items } = await admin(api.audit.list, { query: { limit: 1000, ...query } });
      expect(items, JSON.stringify(query)).to.deep.equal(all.filter(belongs)).and.to.not.have.length(0);
    }
  });

  it('cannot be changed by anybody through the API', async () => {
    const { secret } = await server.login(adminEmail, adminPassword);
    const before = await everything();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const path of ['/api/v1/audit-events', `/api/v1/audit-events/${before[0]?.id ?? ''}`]) {
        const answer = await server.request(path, {
          method,
          headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
          body: '{}',
        });
        expect(answer.status, `${method} ${path}`).to.be.oneOf([404, 405]);
      }
    }
    expect(await everything()).to.deep.equal(before);
  });

  it('takes from a connector nothing under the id of an event that is there', async () => {
    const connector = await enrolConnector(server, 'forger');
    const before = await everything();
    const forged = {
      ...{ id: before[0]?.id, at: new Date().toISOString(), phase: 'completed', identityId: null, leaseId: null },
      ...{ impersonatedUser: 'infra:nobody', impersonatedGroups: [], verb: 'get', path: '/', apiGroup: '', resource: '', subresource: '' },
      ...{ namespace: '', name: '', status: 200, durationMilliseconds: 1, reason: '', sourceAddress: '', userAgent: '' },
    };
    const body = JSON.stringify({ replica: 'r', events: [forged] });
    const answer = await connector.send({ method: 'POST', path: '/api/v1/connector/audit-events', body });
    expect(answer.status, await answer.text()).to.be.below(300);
    expect(await everything()).to.deep.equal(before);
  });
});
