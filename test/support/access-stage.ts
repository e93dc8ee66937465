/** People, a group, a workload, two destinations and grants between them, for tests of the pages about access. */
import type { CallInput } from '../../shared/api/endpoint.ts';
import type { Grant } from '../../shared/api/grants.ts';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { enrolConnector, type EnrolledConnector } from './enrolled-connector.ts';
import { newPerson, startServer, type RunningServer } from './server.ts';

export type GrantBody = CallInput<typeof api.grants.create>['body'];

export interface AccessStage {
  readonly server: RunningServer;
  readonly admin: Call;
  /** Of `prod`; `staging` has none. */
  readonly connector: EnrolledConnector;
  grant(body: GrantBody): Promise<Grant>;
  /** What the connector of `prod` says of grants there; of the others nothing. */
  report(states: readonly { readonly grant: Grant; readonly reason: string | null }[]): Promise<void>;
  /** The connector of `prod` has heard of everything until now. */
  acknowledge(): Promise<void>;
}

export const viewerPassword = 'a lantern in the harbour';

/** `ana` and `bob` are in `platform`, `eve` is nowhere; `auditor` may look at everything, `deploy` is a workload. */
export async function accessStage(): Promise<AccessStage> {
  const server = await startServer();
  const admin = await server.admin();
  for (const name of ['ana', 'bob', 'eve', 'auditor']) await newPerson(server, `${name}@example.com`, viewerPassword);
  await admin(api.workloads.create, { body: { name: 'deploy' } });
  const platform = await admin(api.groups.create, { body: { name: 'platform' } });
  for (const name of ['ana', 'bob'])
    await admin(api.groups.addMember, { params: { id: platform.id }, body: { identity: `${name}@example.com` } });
  const connector = await enrolConnector(server, 'prod');
  await admin(api.destinations.create, { body: { name: 'staging' } });
  const grant: AccessStage['grant'] = async (body) => (await admin(api.grants.create, { body })).grant;
  await grant({ subject: 'auditor@example.com', role: 'view', resource: 'infra' });
  let sequence = 0;
  const send = async (path: string, body: object): Promise<void> => {
    const answer = await connector.send({ method: 'POST', path: `/api/v1/connector/${path}`, body: JSON.stringify(body) });
    if (answer.status !== 204) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    ...{ server, admin, connector, grant },
    report: async (states) =>
      send('report', {
        ...{ replica: 'r', sequence: (sequence += 1), version: 'test', clusterUid: null, address: '127.0.0.1:1' },
        discovery: {
          namespaces: ['default', 'web'],
          clusterRoles: ['view', 'edit', 'admin', 'cluster-admin', 'debugger'],
          roles: ['web/restart'],
          kubernetesVersion: 'v1.34.0',
        },
        grants: states.map(({ grant: { id }, reason }) => ({ id, state: reason === null ? 'applied' : 'failed', reason })),
      }),
    acknowledge: async () => {
      const answer = await connector.send({ method: 'GET', path: '/api/v1/connector/desired-state' });
      const { epoch, revision } = (await answer.json()) as { epoch: string; revision: number };
      for (const kind of ['enforced', 'applied'])
        await send('acknowledgements', { replica: 'r', sequence: (sequence += 1), epoch, revision, kind, streamsClosed: 2 });
    },
  };
}
