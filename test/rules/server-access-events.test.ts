/** A connector's access log as the audit tells it, and where a request came from. */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { Request } from 'express';
import { toAuditEvents } from '../../server/destinations/access-event-rules.ts';
import { createSourceOf } from '../../server/http/source-address.ts';
import { auditEvent } from '../../shared/api/audit.ts';
import { accessEvent } from '../../shared/api/connectors.ts';
import { newId } from '../../shared/id.ts';

const ana = newId('user', 0);
const context = {
  destination: { id: newId('destination', 0), name: 'prod' },
  names: new Map([[ana, { kind: 'user' as const, name: 'ana@example.com' }]]),
};
const line = (changes: Readonly<Record<string, unknown>> = {}) =>
  accessEvent.parse({
    id: newId('auditEvent', 0),
    at: '2026-01-31T12:00:00.000Z',
    phase: 'completed',
    identityId: ana,
    leaseId: newId('lease', 0),
    impersonatedUser: 'infra:ana@example.com',
    impersonatedGroups: ['infra:view@*'],
    verb: 'list',
    path: '/api/v1/pods',
    apiGroup: '',
    resource: 'pods',
    subresource: '',
    namespace: '',
    name: '',
    status: 200,
    durationMilliseconds: 3,
    reason: '',
    sourceAddress: '203.0.113.7',
    userAgent: 'kubectl/v1.34',
    ...changes,
  });
const told = (changes?: Readonly<Record<string, unknown>>) => toAuditEvents([line(changes)], context)[0];

const addressOf = (socket: Socket): string => socket.remoteAddress ?? '';

describe('a line of a connector’s access log', () => {
  for (const [phase, event, outcome] of [
    ['completed', 'request.completed', 'success'],
    ['refused', 'request.refused', 'refused'],
    ['stream-opened', 'stream.opened', 'success'],
    ['stream-closed', 'stream.closed', 'success'],
  ] as const)
    it(`${phase} is the event ${event}, which the catalogue knows`, () => {
      const found = told({ phase });
      expect(found).to.deep.include({ event, outcome });
      expect(() => auditEvent.parse(found)).not.to.throw();
    });

  it('is of the connector’s own destination and under its own id and time, once', () => {
    const own = line();
    const [found] = toAuditEvents([own], context);
    expect(found).to.deep.include({ id: own.id, at: own.at, destination: context.destination });
    expect(found?.details).not.to.have.any.keys('id', 'at');
  });

  it('names who asked as we know them, not as the line might', () => {
    expect(told()?.actor).to.deep.equal({ kind: 'user', id: ana, name: 'ana@example.com' });
    expect(told({ identityId: null })?.actor).to.deep.equal({ kind: 'anonymous', id: null, name: 'anonymous' });
  });

  it('of somebody who was removed meanwhile keeps the id', () => {
    for (const kind of ['user', 'workload'] as const) {
      const gone = newId(kind, 0);
      expect(told({ identityId: gone })?.actor).to.deep.equal({ kind, id: gone, name: gone });
    }
  });

  it('says where the request came from, not where the line did', () => {
    expect(told()?.source).to.deep.equal({ address: '203.0.113.7', userAgent: 'kubectl/v1.34' });
  });
});

/** What the rule reads of a request. */
const request = (peer: string | undefined, headers: Readonly<Record<string, string>> = {}): Request =>
  ({ socket: { remoteAddress: peer }, headers }) as unknown as Request;

describe('the source of a request', () => {
  for (const [proxies, peer, forwarded, address] of [
    [[], '127.0.0.1', '203.0.113.7', '127.0.0.1'],
    [[], '::ffff:192.0.2.1', '203.0.113.7', '192.0.2.1'],
    [['0.0.0.0/0'], '192.0.2.1', '203.0.113.7', '203.0.113.7'],
    [['192.0.2.0/24'], '::ffff:192.0.2.1', '203.0.113.7', '203.0.113.7'],
    [['192.0.2.0/24'], '192.0.3.1', '203.0.113.7', '192.0.3.1'],
    [['2001:db8::/32'], '2001:db8::1', '203.0.113.7', '203.0.113.7'],
    [['::/0'], '192.0.2.1', '203.0.113.7', '192.0.2.1'],
    [['192.0.2.1/32'], '192.0.2.1', '192.0.2.1, 192.0.2.1', '192.0.2.1'],
    [['192.0.2.1/32'], '192.0.2.1', ','.repeat(10_000), '192.0.2.1'],
  ] as const)
    it(`behind ${JSON.stringify(proxies)}, from ${peer}, for ${forwarded.slice(0, 30)}, is ${address}`, () =>
      expect(createSourceOf(proxies, addressOf)(request(peer, { 'x-forwarded-for': forwarded })).address).to.equal(address));

  it('is nothing, and no error, of a connection that is gone', () => {
    expect(createSourceOf(['0.0.0.0/0'], addressOf)(request(undefined, { 'x-forwarded-for': '203.0.113.7' })).address).to.equal('');
  });

  it('has a user agent of one bounded line', () => {
    const { userAgent } = createSourceOf([], addressOf)(request('127.0.0.1', { 'user-agent': `a\tb\u001b[31m\u202e${'x'.repeat(1000)}` }));
    expect(userAgent)
      .to.match(/^a b \[31m x+$/)
      .and.have.length(300);
  });
});
