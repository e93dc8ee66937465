/** `npm run pictures [-- NAME…]`: every page of the web UI in its states, light, dark and narrow, into .local/pictures/, to be looked at. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { systemClock, toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import { accessStage, viewerPassword, type AccessStage } from '../support/access-stage.ts';
import { closeBrowser, type Page } from '../support/chromium.ts';
import { projectRoot } from '../support/program.ts';
import { newPerson, startServer } from '../support/server.ts';
import { narrow, openWeb, wide, type WebWish } from '../support/web.ts';

const folder = join(projectRoot, '.local/pictures');
const looks = [
  { name: 'light', scheme: 'light', size: wide },
  { name: 'dark', scheme: 'dark', size: wide },
  { name: 'narrow', scheme: 'light', size: narrow },
] as const;
const wanted = process.argv.slice(2);

interface Picture {
  readonly name: string;
  readonly path: string;
  /** What is done there before. */
  readonly act?: (page: Page) => Promise<void>;
}

async function takeAll(stage: Pick<AccessStage, 'server'>, wish: WebWish, pictures: readonly Picture[]): Promise<void> {
  const chosen = pictures.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
  if (chosen.length === 0) return;
  const web = await openWeb(stage.server, wish);
  for (const { name, path, act } of chosen) {
    for (const look of looks) {
      await web.page.emulateMedia({ colorScheme: look.scheme });
      await web.page.setViewportSize(look.size);
      await web.goTo(path);
      await web.page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => undefined);
      if (act !== undefined) await act(web.page);
      await web.page.screenshot({ path: join(folder, `${name}-${look.name}.png`), fullPage: act === undefined });
    }
    console.log(name);
  }
  await web.close();
}

const click =
  (button: string) =>
  async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: button }).first().click();
    await page.getByRole('dialog').waitFor();
  };

/** A week at a company, as far as pages show it. */
async function fill({ admin, connector, grant, report, acknowledge }: AccessStage) {
  const inDays = (days: number): string => toTime(systemClock.now() + days * 86_400_000);
  const grants = [
    await grant({ subject: 'group:platform', role: 'admin', resource: 'prod', mfaSeconds: 900 }),
    await grant({ subject: 'ana@example.com', role: 'edit', resource: 'prod.web', until: inDays(2), reason: 'release of the shop' }),
    await grant({ subject: 'bob@example.com', role: 'view', resource: 'prod' }),
    await grant({ subject: 'workload:deploy', role: 'edit', resource: 'prod.web' }),
    await grant({ subject: 'eve@example.com', role: 'debugger', resource: 'prod.web', until: inDays(5) }),
  ];
  await grant({ subject: 'group:platform', role: 'view', resource: 'staging' });
  await report(
    grants.map((each, index) => ({ grant: each, reason: index === 4 ? 'the ClusterRole debugger is not there any more' : null })),
  );
  await acknowledge();
  const people = (await admin(api.users.list, { query: {} })).items;
  const idOf = (name: string): string => people.find(({ email }) => email.startsWith(name))?.id ?? '';
  const requests = [
    { verb: 'list', resource: 'pods', status: 200 },
    { verb: 'create', resource: 'pods', subresource: 'exec', name: 'shop-7d9f', phase: 'stream-opened', status: 101 },
    {
      verb: 'delete',
      resource: 'secrets',
      name: 'tls',
      phase: 'refused',
      status: 403,
      reason: 'no grant of ana@example.com gives delete on secrets',
    },
    { verb: 'get', resource: 'deployments', name: 'shop', status: 200 },
  ].map((request) => ({
    ...{
      id: newId('auditEvent', systemClock.now()),
      at: toTime(systemClock.now()),
      phase: 'completed',
      identityId: idOf('ana'),
      leaseId: null,
    },
    ...{
      impersonatedUser: 'infra:ana@example.com',
      impersonatedGroups: ['infra:edit@web'],
      path: `/api/v1/namespaces/web/${request.resource}`,
    },
    ...{ apiGroup: '', subresource: '', namespace: 'web', name: '', durationMilliseconds: 12, reason: '' },
    ...{ sourceAddress: '10.1.4.20', userAgent: 'kubectl/v1.34.4', ...request },
  }));
  await connector.send({
    method: 'POST',
    path: '/api/v1/connector/audit-events',
    body: JSON.stringify({ replica: 'r', events: requests }),
  });
  const destinations = (await admin(api.destinations.list, { query: {} })).items;
  const groups = (await admin(api.groups.list, { query: {} })).items;
  const workloads = (await admin(api.workloads.list, { query: {} })).items;
  const events = (await admin(api.audit.list, { query: { event: 'request' } })).items;
  return {
    ana: idOf('ana'),
    grants,
    prod: destinations[0]?.id,
    staging: destinations[1]?.id,
    platform: groups[0]?.id,
    deploy: workloads[0]?.id,
    event: events[0]?.id,
  };
}

mkdirSync(folder, { recursive: true });
const fresh = { server: await startServer() };
await takeAll(fresh, { path: '/' }, [
  { name: 'overview-first-steps', path: '/' },
  { name: 'destinations-empty', path: '/destinations' },
  { name: 'access-empty', path: '/access' },
  { name: 'groups-empty', path: '/groups' },
]);
await fresh.server.stop();

const stage = await accessStage();
const made = await fill(stage);
await takeAll(stage, { path: '/' }, [
  { name: 'overview', path: '/' },
  { name: 'people', path: '/people' },
  { name: 'people-none-found', path: '/people?search=nobody' },
  { name: 'people-add', path: '/people', act: click('Add a person') },
  { name: 'person', path: `/people/${made.ana}` },
  { name: 'person-revoke', path: `/people/${made.ana}`, act: click('Revoke everything') },
  { name: 'person-not-there', path: `/people/usr_${'0'.repeat(26)}` },
  { name: 'groups', path: '/groups' },
  { name: 'group', path: `/groups/${made.platform ?? ''}` },
  { name: 'workloads', path: '/workloads' },
  { name: 'workload', path: `/workloads/${made.deploy ?? ''}` },
  { name: 'destinations', path: '/destinations' },
  { name: 'destination', path: `/destinations/${made.prod ?? ''}` },
  { name: 'destination-never-connected', path: `/destinations/${made.staging ?? ''}` },
  { name: 'connect', path: '/destinations/connect' },
  { name: 'access', path: '/access' },
  { name: 'access-matrix', path: '/access?view=matrix' },
  { name: 'access-new', path: '/access/new?subject=group:platform&role=edit&resource=prod.web' },
  { name: 'grant', path: `/access/${made.grants[1]?.id ?? ''}` },
  { name: 'grant-failed', path: `/access/${made.grants[4]?.id ?? ''}` },
  { name: 'ask', path: '/ask' },
  { name: 'ask-why', path: '/ask?subject=ana@example.com&role=edit&resource=prod.web' },
  { name: 'audit', path: '/audit' },
  { name: 'audit-event', path: `/audit/${made.event ?? ''}` },
  { name: 'settings', path: '/settings' },
  { name: 'settings-providers', path: '/settings/providers' },
  { name: 'settings-providers-new', path: '/settings/providers/new' },
  { name: 'settings-admins', path: '/settings/admins' },
  { name: 'settings-keys', path: '/settings/keys' },
  { name: 'settings-server', path: '/settings/server' },
  { name: 'keys', path: '/people', act: async (page) => page.keyboard.press('?') },
  { name: 'go-anywhere', path: '/people', act: async (page) => page.keyboard.press('Control+k') },
  { name: 'nowhere', path: '/people/no/such' },
]);
await takeAll(stage, { path: '/', email: 'ana@example.com', password: viewerPassword }, [
  { name: 'me', path: '/me' },
  { name: 'forbidden', path: '/audit' },
]);
await newPerson(stage.server, 'new@example.com', viewerPassword);
await takeAll(stage, { path: '/', email: 'new@example.com', password: viewerPassword }, [{ name: 'me-nothing', path: '/me' }]);
await closeBrowser();
await stage.server.stop();
console.log(`in ${folder}`);
process.exit(0);
