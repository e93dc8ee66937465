/** What a connector tells of its open requests: streams alone, the newest by name, all by number. */
import { expect } from 'chai';
import type { OpenRequest } from '../../connector/proxy/open-requests.ts';
import { toldStreamsOf } from '../../connector/proxy/told-streams.ts';
import { connectors } from '../../shared/api/connectors.ts';
import { newId } from '../../shared/id.ts';

const begin = Date.parse('2026-01-31T12:00:00Z');

const request = (more: Partial<OpenRequest> = {}): OpenRequest => ({
  identityId: newId('user', begin),
  leaseId: newId('lease', begin),
  scope: {
    isResource: true,
    verb: 'watch',
    apiGroup: '',
    resource: 'configmaps',
    subresource: '',
    namespace: 'web',
    path: '/api/v1/namespaces/web/configmaps',
  },
  isStream: true,
  name: '',
  since: begin,
  lent: { user: 'infra:ana@example.com', groups: [], extra: {} } as unknown as OpenRequest['lent'],
  until: begin + 1000,
  slot: { release: () => undefined },
  close: () => undefined,
  ...more,
});

describe('what a connector tells of open streams', () => {
  it('names streams, not requests that are soon over', () => {
    const told = toldStreamsOf([request(), request({ isStream: false })]);
    expect(told.total).to.equal(1);
    expect(told.streams[0]).to.include({ since: '2026-01-31T12:00:00.000Z', verb: 'watch', resource: 'configmaps', namespace: 'web' });
  });

  it('names the newest 200 and counts all', () => {
    const { total, streams } = toldStreamsOf(Array.from({ length: 250 }, (_, age) => request({ since: begin - age * 1000 })));
    expect(total).to.equal(250);
    expect(streams).to.have.length(200);
    expect(streams[0]?.since).to.equal('2026-01-31T12:00:00.000Z');
  });

  it('cuts what is longer than the server takes', () => {
    const scope = { ...request().scope, path: '/x'.repeat(1000), resource: 'r'.repeat(300), verb: 'v'.repeat(50) };
    const told = toldStreamsOf([request({ scope, name: 'n'.repeat(300) })]);
    expect(connectors.tellStreams.body.safeParse({ replica: 'one', sequence: 1, ...told }).success).to.equal(true);
  });
});
