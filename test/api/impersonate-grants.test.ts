/** Grants to act as another identity of a cluster: what may be granted, what the refusal says, and what connectors are told. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { desiredState } from '../../shared/api/connectors.ts';
import { enrolConnector, type EnrolledConnector } from '../support/enrolled-connector.ts';
import { refusal } from '../support/refusal.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

describe('grants to act as somebody', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let connector: EnrolledConnector;
  const subject = 'ana@example.com';

  before(async () => {
    server = await startServer();
    admin = await server.admin();
    connector = await enrolConnector(server, 'prod');
    await newPerson(server, subject);
  });
  after(async () => server.stop());

  const add = async (role: string, resource = 'prod') => admin(api.grants.create, { body: { subject, role, resource } });

  for (const [role, resource, path, says] of [
    ['impersonate:user', 'prod', 'body.role', /must be impersonate:user:NAME, impersonate:group:NAME or/],
    ['impersonate:user:', 'prod', 'body.role', /must be impersonate:user:NAME/],
    ['impersonate:user:*', 'prod', 'body.role', /must name a user by 1–253 letters/],
    ['impersonate:group:system:masters', 'prod', 'body.role', /names with system: are Kubernetes' own/],
    ['impersonate:user:system:serviceaccount:web:deployer', 'prod', 'body.role', /write impersonate:serviceaccount:NAMESPACE\/NAME/],
    ['impersonate:user:infra:bob@example.com', 'prod', 'body.role', /infra's own; grant the role itself instead/],
    ['impersonate:serviceaccount:deployer', 'prod', 'body.role', /must be impersonate:user:NAME/],
    ['impersonate:user:bob', 'prod.web', 'body.resource', /must be the whole cluster .*name prod$/],
    ['impersonate:group:developers', 'prod.web', 'body.resource', /must be the whole cluster/],
    ['impersonate:serviceaccount:web/deployer', 'prod.team', 'body.resource', /must be prod\.web, the service account's own namespace/],
    ['impersonate:user:bob', 'infra', 'body.role', /admin or view/],
  ] as const)
    it(`${role} on ${resource} is refused; the field and the remedy are named`, async () => {
      const problem = await refusal(add(role, resource));
      expect(problem).to.include({ status: 400, code: 'request.invalid' });
      expect(problem.fields?.map((field) => field.path)).to.deep.equal([path]);
      expect(problem.fields?.[0]?.message).to.match(says);
    });

  it('is an admin’s to give, as any grant', async () => {
    const person = await newPerson(server, 'bea@example.com');
    const body = { subject: 'bea@example.com', role: 'impersonate:user:bob', resource: 'prod' };
    expect(await refusal(person.call(api.grants.create, { body }))).to.include({ status: 403 });
  });

  it('may not name people of infra by the prefix of their destination', async () => {
    const { destination } = await admin(api.destinations.create, { body: { name: 'prefixed', settings: { userPrefix: 'ci:' } } });
    const problem = await refusal(add('impersonate:user:ci:bob@example.com', destination.name));
    expect(problem.fields).to.deep.equal([
      { path: 'body.role', message: "may not name a user that begins with ci:, which is infra's own there; grant the role itself instead" },
    ]);
    expect((await add('impersonate:user:ci:bob@example.com')).grant.role).to.equal('impersonate:user:ci:bob@example.com');
  });

  it('is listed, found by its role, refused twice, and tells its connector apart from what is bound', async () => {
    const roles = ['impersonate:user:bob', 'impersonate:group:developers', 'impersonate:serviceaccount:web/deployer'];
    for (const role of roles) await add(role);
    await add('view');
    expect(await refusal(add('impersonate:user:bob'))).to.include({ code: 'grant.duplicate' });
    const { items } = await admin(api.grants.list, { query: { role: 'impersonate:user:bob' } });
    expect(items.map(({ role, resource }) => [role, resource])).to.deep.equal([['impersonate:user:bob', 'prod']]);

    const answer = await connector.send({ method: 'GET', path: '/api/v1/connector/desired-state' });
    const { identities } = desiredState.parse(await answer.json());
    const ana = identities.find(({ name }) => name === subject);
    expect(ana?.grants.map(({ role }) => role)).to.deep.equal(['view']);
    expect(ana?.impersonateGrants?.map(({ role }) => role)).to.include.members(roles);
  });
});
