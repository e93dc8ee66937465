/** What clients other than kubectl may ask of the API server: status, headers and every byte of the answer, straight and through infra. */
import { expect } from 'chai';
import { statusOf } from '../support/connector-client.ts';
import { bothWays } from './both-ways.ts';
import { wireRows, type Row } from './wire-rows.ts';
import type { WireAnswer } from './wire.ts';

const accepting = (accept: string): Pick<Row, 'headers'> => ({ headers: { accept } });
const protobuf = 'application/vnd.kubernetes.protobuf';
const table = 'as=Table;g=meta.k8s.io;v=v1';
const metadata = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const discovery = 'g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const json = { 'content-type': 'application/json' };

const shared = '/api/v1/namespaces/$ONE/configmaps';
const own = '/api/v1/namespaces/$NS/configmaps';
const configMap = (name: string, data: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { n: data } });

describe('fidelity: wire', function () {
  this.timeout(60_000);
  const ways = bothWays({ name: 'fid-wire' });
  const { reads, writes, sameRead, wires } = wireRows(ways);

  before(async () => {
    const { guarded } = ways.prepared();
    const create = async (name: string, bytes: number): Promise<void> =>
      void (await guarded.admin(
        '-n',
        guarded.namespace,
        'create',
        'configmap',
        name,
        `--from-literal=n=${'0123456789'.repeat(bytes / 10)}`,
      ));
    for (const name of ['one', 'two', 'three', 'four', 'five']) await create(name, 10);
    await create('large', 100_000);
    await create('larger', 120_000);
  });

  describe('what is accepted', () => {
    reads([
      { line: `GET ${shared}`, ...accepting('application/json') },
      { line: `GET ${shared}`, ...accepting('application/yaml'), shows: ['content-type', 'application/yaml'] },
      { line: `GET ${shared}`, ...accepting(protobuf), shows: ['content-type', protobuf] },
      { line: `GET ${shared}`, ...accepting(`application/json;${table}`), shows: ['content-type', 'application/json'] },
      { line: `GET ${shared}`, ...accepting(`${protobuf};${table}`), status: 406 },
      { line: `GET ${shared}`, ...accepting(`application/json;${metadata}`) },
      { line: `GET ${shared}/one`, ...accepting(`${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`) },
      { line: `GET ${shared}`, ...accepting(`application/json;as=Nonsense;g=none;v=v1,application/json`) },
      { line: `GET ${shared}`, ...accepting('text/plain'), status: 406 },
      { line: `GET ${shared}`, headers: { 'accept-encoding': 'gzip' }, shows: ['content-encoding', 'gzip'] },
      { line: `GET ${shared}`, headers: { 'accept-encoding': 'gzip', accept: protobuf }, shows: ['content-encoding', 'gzip'] },
      { line: `GET ${shared}/one`, headers: { 'accept-encoding': 'gzip, deflate, br' } },
      { line: `HEAD ${shared}/one`, status: 405 },
      { line: 'HEAD /version', status: 405 },
      { line: 'OPTIONS /api/v1/namespaces', status: 405 },
    ]);
  });

  describe('discovery and OpenAPI', () => {
    reads([
      { line: 'GET /api', ...accepting(`application/json;${discovery}`), shows: ['content-type', 'apidiscovery.k8s.io'] },
      { line: 'GET /apis', ...accepting(`application/json;${discovery},application/json`), shows: ['etag', '"'] },
      { line: 'GET /apis' },
      { line: 'GET /openapi/v2', shows: ['etag', '"'] },
      { line: 'GET /openapi/v2', ...accepting('application/com.github.proto-openapi.spec.v2@v1.0+protobuf') },
      { line: 'GET /openapi/v2', headers: { 'accept-encoding': 'gzip' }, shows: ['content-encoding', 'gzip'] },
      { line: 'GET /openapi/v3' },
      { line: 'GET /openapi/v3/apis/apps/v1', shows: ['etag', '"'] },
      { line: 'GET /openapi/v3/apis/apps/v1', ...accepting('application/com.github.proto-openapi.spec.v3@v1.0+protobuf') },
      { line: 'GET /openapi/v3/apis/no-such-group/v1', status: 404 },
    ]);

    for (const line of ['GET /openapi/v2', 'GET /openapi/v3/apis/apps/v1', 'GET /apis']) {
      it(`${line} is answered with 304 to whoever has it already`, async () => {
        const accept = line === 'GET /apis' ? accepting(`application/json;${discovery}`).headers : {};
        const { status, body } = await sameRead(async (wire) => {
          const { headers } = await wire.send({ line, headers: accept ?? {} });
          return wire.send({ line, headers: { ...accept, 'if-none-match': headers['etag']?.[0] ?? '' } });
        });
        expect({ status, body }).to.deep.equal({ status: 304, body: '' });
      });
    }

    it('GET of a schema by its hash may be kept for ever', async () => {
      const { headers } = await sameRead(async (wire) => {
        const { paths } = JSON.parse((await wire.send({ line: 'GET /openapi/v3' })).body) as Index;
        return wire.send({ line: `GET ${paths['api/v1']?.serverRelativeURL ?? ''}` });
      });
      expect(headers['cache-control']).to.deep.equal(['public, immutable']);
    });
  });

  describe('what is no resource', () => {
    reads([
      { line: 'GET /version' },
      { line: 'GET /healthz' },
      { line: 'GET /healthz?verbose' },
      { line: 'GET /livez/ping' },
      { line: 'HEAD /readyz' },
      { line: 'GET /healthz/no-such-check', status: 404 },
      { line: 'GET /metrics', only: /^# HELP (apiserver|etcd|go)_/ },
      { line: 'GET /.well-known/openid-configuration' },
      { line: 'GET /openid/v1/jwks' },
      { line: 'GET /' },
      { line: 'GET /no/such/path', status: 404 },
      { line: 'GET /apis/no.such.group/v1/things', status: 404 },
      { line: `GET ${shared}/` },
      { line: `GET ${shared}/%6fne` },
      { line: `GET ${shared}/one?pretty=true` },
      { line: `GET ${shared}?fieldSelector=nonsense%3D1`, status: 400 },
      { line: `GET ${shared}?resourceVersion=999999999`, status: 504 },
      { line: 'GET /api/v1/namespaces/$ONE/pods/absent/log', status: 404 },
    ]);
  });

  describe('bodies', () => {
    writes([
      { line: `POST ${own}`, headers: json, body: configMap('whole', '1'), status: 201 },
      { line: `POST ${own}`, headers: json, body: configMap('whole', '1'), status: 409 },
      { line: `POST ${own}`, headers: json, body: chunks(configMap('chunked', '2'), 10), status: 201 },
      { line: `POST ${own}`, headers: { ...json, expect: '100-continue' }, body: configMap('expected', '3'), status: 201 },
      {
        line: `POST ${own}`,
        headers: { 'content-type': 'application/yaml' },
        body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: yaml }',
        status: 201,
      },
      { line: `POST ${own}?dryRun=All`, headers: json, body: configMap('dry', '4'), status: 201 },
      { line: `GET ${own}/dry`, status: 404 },
      { line: `POST ${own}`, headers: json, body: '{', status: 400 },
      { line: `POST ${own}`, headers: json, body: '', status: 400 },
      { line: `POST ${own}`, headers: { 'content-type': 'text/plain' }, body: 'words', status: 415 },
      {
        line: `POST ${own}?fieldValidation=Warn`,
        headers: json,
        body: configMap('warned', '5').replace('"n":', '"n":"0","n":'),
        status: 201,
        shows: ['warning', 'duplicate field'],
      },
      { line: `POST ${own}?fieldValidation=Strict`, headers: json, body: configMap('odd', '6').replace('data', 'datum'), status: 400 },
      { line: `POST ${own}`, headers: json, body: configMap('largest', 'x'.repeat(4_000_000)), status: 413 },
      { line: `POST ${own}`, headers: json, body: chunks(configMap('largest', 'x'.repeat(4_000_000)), 100_000), status: 413 },
      { line: `PUT ${own}/whole`, headers: json, body: configMap('whole', '7') },
      { line: `PUT ${own}/whole`, headers: json, body: configMap('other', '7'), status: 400 },
      { line: `PUT ${own}`, headers: json, body: configMap('whole', '7'), status: 405 },
      { line: `DELETE ${own}/whole`, headers: json, body: '{"preconditions":{"uid":"none"}}', status: 409 },
      { line: `DELETE ${own}/whole` },
      { line: `DELETE ${own}?labelSelector=none` },
    ]);
  });

  describe('patches', () => {
    const patch = (type: string, body: string, more: Partial<Row> = {}): Row => ({
      line: `PATCH ${own}/patched`,
      headers: { 'content-type': type },
      body,
      ...more,
    });
    const applied = (value: string): string => `{apiVersion: v1, kind: ConfigMap, metadata: {name: patched}, data: {n: "${value}"}}`;
    const apply = 'application/apply-patch+yaml';
    writes([
      { line: `POST ${own}`, headers: json, body: configMap('patched', '0'), status: 201 },
      patch('application/json-patch+json', '[{"op":"add","path":"/data/a","value":"1"}]'),
      patch('application/json-patch+json', '[{"op":"test","path":"/data/a","value":"2"}]', { status: 422 }),
      patch('application/merge-patch+json', '{"data":{"a":null,"b":"2"}}'),
      patch('application/strategic-merge-patch+json', '{"data":{"b":"3","$patch":"replace"}}'),
      patch('application/strategic-merge-patch+json', '{"data":["none"]}', { status: 422 }),
      patch(apply, applied('4'), { line: `PATCH ${own}/patched?fieldManager=one&force=true` }),
      patch(apply, applied('5'), { line: `PATCH ${own}/patched?fieldManager=two`, status: 409 }),
      patch(apply, applied('5'), { status: 422 }),
      patch('application/nonsense', '{}', { status: 415 }),
      { line: `GET ${own}/patched` },
    ]);
  });

  describe('paging', () => {
    it('limit and continue give every item once, in the same pages', async () => {
      const pages = await sameRead(async (wire) => {
        const found: unknown[] = [];
        for (let token: string | undefined = ''; token !== undefined;) {
          const { body } = await wire.send({ line: `GET ${shared}?limit=3&continue=${encodeURIComponent(token)}` });
          const { items, metadata: page } = JSON.parse(body) as Page;
          found.push({ names: items.map((item) => item.metadata.name), left: page.remainingItemCount });
          token = page.continue;
        }
        return found;
      });
      expect(pages).to.have.length(3);
    });

    reads([{ line: `GET ${shared}?limit=1&continue=nonsense`, status: 400 }]);
  });

  describe('watches', () => {
    const allItems = `GET ${shared}?watch=true&timeoutSeconds=1&resourceVersion=0`;
    const listed = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    // A body that ended with its connection instead of its last chunk would be an error.
    reads([
      { line: allItems },
      { line: allItems, ...accepting(`${protobuf};stream=watch`), shows: ['content-type', 'stream=watch'] },
      { line: allItems, ...accepting(`application/json;${table}`) },
      { line: allItems, ...accepting(`application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1`) },
      { line: allItems, headers: { 'accept-encoding': 'gzip' } },
      { line: `GET ${shared}/one?watch=1&timeoutSeconds=1&resourceVersion=0` },
      { line: 'GET /api/v1/watch/namespaces/$ONE/configmaps?timeoutSeconds=1&resourceVersion=0' },
      { line: `GET ${shared}?watch=true&sendInitialEvents=true`, status: 422 },
    ]);

    it('a list by watching ends its items with a bookmark', async () => {
      const types = await sameRead(async (wire) =>
        eventTypes(await wire.send({ line: `${allItems}&${listed}`.replace('&resourceVersion=0', '') })),
      );
      expect(types.join(' ')).to.match(/^(ADDED )+BOOKMARK/);
    });

    it('bookmarks come by themselves', async () => {
      const line = `${allItems}&allowWatchBookmarks=true`.replace('timeoutSeconds=1', 'timeoutSeconds=4');
      const types = await sameRead(async (wire) => [...new Set(eventTypes(await wire.send({ line })))]);
      expect(types).to.deep.equal(['ADDED', 'BOOKMARK']);
    });
  });

  describe('differences that are meant', () => {
    it('a URL of two mebibytes is refused by infra with a Status, by the API server with a line of text', async () => {
      const [straight, throughInfra] = await Promise.all(
        wires().map(async (wire) => wire.send({ line: `GET /version?${'x'.repeat(2 ** 21)}` })),
      );
      expect(straight).to.include({ status: 431 });
      expect(throughInfra).to.include({ status: 431 });
      expect(statusOf(throughInfra?.body ?? '')).to.include({ kind: 'Status', reason: 'RequestHeaderFieldsTooLarge', code: 431 });
    });
  });
});

interface Index {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

interface Page {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
  readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number };
}

function chunks(text: string, size: number): readonly string[] {
  return text.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
}

const eventTypes = ({ body }: WireAnswer): readonly string[] => [...body.matchAll(/^\{"type":"(\w+)"/gm)].map(([, type]) => type ?? '');
