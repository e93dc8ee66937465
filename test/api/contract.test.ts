/** The contract as it is on the wire: what is mounted, what nothing else answers, and how every kind of failure looks (RFC 9457). */
import { expect } from 'chai';
import { api, endpoints } from '../../shared/api/index.ts';
import { problemSchema, problemStatus, type Problem } from '../../shared/api/problem.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';

interface Wish {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A path of the endpoint with ids of the right shape that nobody has. */
const somewhere = (path: string): string =>
  path.replace(/:(\w+)/g, (_, key: string) => {
    const prefixes: Readonly<Record<string, string>> = {
      users: 'usr',
      groups: 'grp',
      workloads: 'wkl',
      sessions: 'ses',
      destinations: 'dst',
      grants: 'grt',
      leases: 'lse',
      'second-factors': 'sfa',
      passkeys: 'pkl',
    };
    const prefix = key === 'identity' ? 'usr' : (prefixes[path.split('/')[3] ?? ''] ?? 'key');
    return key === 'revision' ? '999999' : `${prefix}_${'0'.repeat(26)}`;
  });

describe('the contract on the wire', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let secret: string;
  before(async () => {
    server = await startServer();
    ({ secret } = await server.login(adminEmail, adminPassword));
  });
  after(async () => server.stop());

  const send = async ({ method = 'GET', path, body, headers }: Wish): Promise<Response> =>
    server.request(path, {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });

  async function problemOf(response: Response): Promise<Problem> {
    const text = await response.text();
    expect(response.headers.get('content-type'), text).to.match(/^application\/problem\+json/);
    expect(response.headers.get('cache-control')).to.equal('no-store');
    const problem = problemSchema.strict().parse(JSON.parse(text));
    expect(problem.status).to.equal(response.status);
    expect(problemStatus).to.have.property(problem.code, problem.status);
    expect(problem.type).to.equal(`urn:infra:problem:${problem.code}`);
    expect(problem.detail, 'a sentence').to.match(/^\S.{10,}$/);
    return problem;
  }

  const post = (body: string, headers: Wish['headers'] = {}): Wish => ({ method: 'POST', path: '/api/v1/groups', body, headers });
  const cursor = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const failures: readonly { what: string; wish: Wish; code: string; fields?: readonly string[] }[] = [
    { what: 'an unknown address', wish: { path: '/api/v1/nothing' }, code: 'request.not-found' },
    { what: 'an unknown version', wish: { path: '/api/v2/users' }, code: 'request.not-found' },
    { what: 'a page that is none', wish: { path: '/nothing' }, code: 'request.not-found' },
    { what: 'broken percent-encoding', wish: { path: '/api/v1/users/%E0%A4%A' }, code: 'request.malformed' },
    { what: 'a body that is no JSON', wish: post('{'), code: 'request.malformed' },
    { what: 'a body of another type', wish: post('{}', { 'content-type': 'text/plain' }), code: 'request.unsupported-media-type' },
    { what: 'a body that is too large', wish: post(JSON.stringify({ name: 'x'.repeat(200_000) })), code: 'request.too-large' },
    { what: 'no body where one belongs', wish: post(''), code: 'request.invalid', fields: ['body'] },
    { what: 'a list for an object', wish: post('[]'), code: 'request.invalid', fields: ['body'] },
    { what: 'a field of a wrong type', wish: post('{"name":5}'), code: 'request.invalid', fields: ['body.name'] },
    { what: 'a field with a wrong value', wish: post('{"name":"A B"}'), code: 'request.invalid', fields: ['body.name'] },
    { what: 'a field that nobody knows', wish: post('{"name":"x","nme":"y"}'), code: 'request.invalid', fields: ['body'] },
    { what: 'a body where none belongs', wish: { ...post('{}'), path: '/api/v1/logout' }, code: 'request.invalid', fields: ['body'] },
    {
      what: 'faults in several fields',
      wish: { ...post('{"subject":"x","role":"","resource":"infra"}'), path: '/api/v1/grants' },
      code: 'request.invalid',
      fields: ['body.subject', 'body.role'],
    },
    { what: 'an id of another kind', wish: { path: '/api/v1/users/grp_x' }, code: 'request.invalid', fields: ['path.id'] },
    { what: 'a limit of nought', wish: { path: '/api/v1/users?limit=0' }, code: 'request.invalid', fields: ['query.limit'] },
    { what: 'a limit without bounds', wish: { path: '/api/v1/users?limit=1001' }, code: 'request.invalid', fields: ['query.limit'] },
    { what: 'a parameter given twice', wish: { path: '/api/v1/users?limit=5&limit=6' }, code: 'request.invalid', fields: ['query.limit'] },
    { what: 'a parameter that nobody knows', wish: { path: '/api/v1/users?page=2' }, code: 'request.invalid', fields: ['query'] },
    { what: 'something that is not there', wish: { path: `/api/v1/users/usr_${'0'.repeat(26)}` }, code: 'identity.not-found' },
    ...['x', cursor('x'), cursor(['x']), cursor([1, 2]), cursor({})].map((bad) => ({
      what: `the cursor ${bad}`,
      wish: { path: `/api/v1/audit-events?cursor=${bad}` },
      code: 'request.invalid',
      fields: ['query.cursor'],
    })),
  ];
  for (const { what, wish, code, fields } of failures) {
    it(`${what} is ${code}${fields === undefined ? '' : ` at ${fields.join(' and ')}`}`, async () => {
      const problem = await problemOf(await send(wish));
      expect(problem.code).to.equal(code);
      expect(problem.fields?.map(({ path }) => path)).to.deep.equal(fields);
    });
  }

  it('a body that is too large leaves the connection fit for the next request', async () => {
    for (const bytes of [140_000, 1_000_000, 4_000_000]) {
      expect((await send(post('x'.repeat(bytes)))).status).to.equal(413);
      // The client sends them on the connections that it has.
      for (let next = 0; next < 3; next += 1) expect((await send({ path: '/api/v1/whoami' })).status).to.equal(200);
    }
  });

  it('says 401 with the way to log in', async () => {
    const response = await server.request('/api/v1/whoami');
    expect(response.headers.get('www-authenticate')).to.equal('Bearer realm="infra"');
    expect((await problemOf(response)).detail).to.include('infra login');
  });

  for (const [path, here] of Map.groupBy(endpoints, (endpoint) => endpoint.path)) {
    const methods = here.map(({ method }) => method as string);
    it(`${path} answers ${methods.join(', ')}, and 405 to anything else`, async () => {
      for (const method of methods) {
        const response = await server.request(somewhere(path), { method });
        expect(response.status, `${method} is mounted`).not.to.be.oneOf([404, 405]);
      }
      const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'].filter((method) => !methods.includes(method));
      for (const method of others) {
        const response = await send({ method, path: somewhere(path) });
        const allow = response.headers.get('allow');
        expect((await problemOf(response)).code, method).to.equal('request.method-not-allowed');
        expect(allow).to.equal(methods.join(', '));
      }
    });
  }

  it('is what a client may know before it trusts: product, version, ways to log in', async () => {
    expect(await server.client()(api.server.info, {})).to.include({ product: 'infra', publicUrl: server.url, trustDomain: 'localhost' });
  });
});
