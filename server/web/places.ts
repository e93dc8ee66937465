/** What there is to go to: in the rail, by keys, and from the box that goes anywhere. */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

export interface Place {
  readonly name: string;
  readonly path: string;
  /** With `g` before it. */
  readonly key: string;
  /** Who has it in the rail. */
  readonly for: 'everybody' | 'view';
}

export const places: readonly Place[] = [
  { name: 'Overview', path: '/', key: 'o', for: 'view' },
  { name: 'People', path: '/people', key: 'p', for: 'view' },
  { name: 'Groups', path: '/groups', key: 'g', for: 'view' },
  { name: 'Workloads', path: '/workloads', key: 'w', for: 'view' },
  { name: 'Destinations', path: '/destinations', key: 'd', for: 'view' },
  { name: 'Access', path: '/access', key: 'a', for: 'view' },
  { name: 'Ask', path: '/ask', key: 'q', for: 'view' },
  { name: 'Audit', path: '/audit', key: 'l', for: 'view' },
  { name: 'Settings', path: '/settings', key: 's', for: 'view' },
  { name: 'My access', path: '/me', key: 'm', for: 'everybody' },
];

const page = (load: () => Promise<ComponentType>): LazyExoticComponent<ComponentType> => lazy(async () => ({ default: await load() }));

/** Which page is drawn where; each comes when it is first asked for. */
export const pages: readonly (readonly [pattern: string, page: LazyExoticComponent<ComponentType>])[] = [
  ['/', page(async () => (await import('./pages/overview/overview.tsx')).Overview)],
  ['/destinations', page(async () => (await import('./pages/destinations/destinations.tsx')).Destinations)],
  ['/destinations/connect', page(async () => (await import('./pages/destinations/connect.tsx')).Connect)],
  ['/destinations/:id', page(async () => (await import('./pages/destinations/destination.tsx')).Destination)],
  ['/people', page(async () => (await import('./pages/people/people.tsx')).People)],
  ['/people/:id', page(async () => (await import('./pages/people/person.tsx')).Person)],
  ['/groups', page(async () => (await import('./pages/groups/groups.tsx')).Groups)],
  ['/groups/:id', page(async () => (await import('./pages/groups/group.tsx')).OneGroup)],
  ['/workloads', page(async () => (await import('./pages/workloads/workloads.tsx')).Workloads)],
  ['/workloads/:id', page(async () => (await import('./pages/workloads/workload.tsx')).OneWorkload)],
  ['/access', page(async () => (await import('./pages/access/access.tsx')).Access)],
  ['/access/new', page(async () => (await import('./pages/access/new-grant.tsx')).NewGrant)],
  ['/access/:id', page(async () => (await import('./pages/access/grant-page.tsx')).GrantPage)],
  ['/ask', page(async () => (await import('./pages/ask/ask.tsx')).Ask)],
  ['/audit', page(async () => (await import('./pages/audit/audit.tsx')).Audit)],
  ['/audit/:id', page(async () => (await import('./pages/audit/audit-event.tsx')).AuditEventPage)],
  ['/settings', page(async () => (await import('./pages/settings/settings.tsx')).Settings)],
  ['/settings/providers', page(async () => (await import('./pages/settings/providers.tsx')).Providers)],
  ['/settings/providers/new', page(async () => (await import('./pages/settings/new-provider.tsx')).NewProvider)],
  ['/settings/providers/:id', page(async () => (await import('./pages/settings/provider.tsx')).Provider)],
  ['/settings/admins', page(async () => (await import('./pages/settings/admins.tsx')).Admins)],
  ['/settings/keys', page(async () => (await import('./pages/settings/keys.tsx')).AccessKeys)],
  ['/settings/server', page(async () => (await import('./pages/settings/server.tsx')).Server)],
  ['/me', page(async () => (await import('./pages/me/me.tsx')).MyAccess)],
];
