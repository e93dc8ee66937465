/** `kubectl --as`: asked for in odd spellings, without a grant, or in names that are nobody's. */
import { brokenIf, cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { guarded, requestOf, type PersonWish } from './stage.ts';

const asked = cutIn('proxy/asked-rules.js');
const acting = cutIn('proxy/acting-rules.js');

const everywhere = 'GET /api/v1/namespaces/team-a/pods/MARKER';
const mayAs = (...names: readonly string[]): PersonWish => ({ acting: names.map((name) => ({ role: `impersonate:${name}` })) });
const asking = (wish: PersonWish, headers: readonly string[], line = everywhere): Attack => ({
  on: async ({ person, attempt }) => brokenIf((await attempt(await person(wish), requestOf(line, ...headers))) !== undefined),
});

const passOver = asked('return unknownHeader(name);', 'continue;');
const needed = acting('if (ends <= question.now)', 'if (false)');
const nobodys = acting('return whyNobodyActsAs(target);', 'return undefined;');

/** Names of infra's own people with another prefix than the reserved one. */
const ofOurPeople: Attack = {
  isLast: true,
  on: async (stage) => {
    stage.server.settings = { ...stage.server.settings, userPrefix: 'people:' };
    const shown = await stage.person(mayAs('user:people:eve@example.com'));
    await stage.enforced();
    return brokenIf((await stage.attempt(shown, requestOf(everywhere, 'Impersonate-User: people:eve@example.com'))) !== undefined);
  },
};

const defences: readonly Defence[] = [
  {
    name: '--as is not ignored',
    row: 4,
    cut: cutIn('proxy/request-headers.js')('if (isAskingHeader(name))', 'if (false)'),
    attack: asking({}, ['Impersonate-User: bob']),
  },
  {
    name: 'underscores count as what they look like',
    row: 3,
    cut: asked("name.replaceAll('_', '-').startsWith", 'name.startsWith'),
    attack: asking({}, ['Impersonate_Group: system:masters']),
  },
  {
    name: 'a uid cannot be asked for',
    row: 2,
    cut: passOver,
    attack: asking(mayAs('user:bob'), ['Impersonate-User: bob', 'Impersonate-Uid: 0']),
  },
  {
    name: 'an extra cannot be asked for',
    row: 2,
    cut: passOver,
    attack: asking(mayAs('user:bob'), ['Impersonate-User: bob', 'Impersonate-Extra-Scopes: all']),
  },
  {
    name: 'no other header that asks is passed over',
    row: 2,
    cut: passOver,
    attack: asking(mayAs('user:bob'), ['Impersonate-User: bob', 'Impersonate-Anything: x']),
  },
  {
    name: 'a group is asked for in a known spelling alone',
    row: 3,
    cut: passOver,
    attack: asking(mayAs('user:bob'), ['Impersonate-User: bob', 'IMPERSONATE-GROUP: admins']),
  },
  {
    name: 'one user is asked for',
    row: 3,
    cut: asked('isUser ? user !== undefined : groups.has(value)', 'false'),
    attack: asking(mayAs('user:bob'), ['Impersonate-User: eve', 'Impersonate-User: bob']),
  },
  {
    name: 'a name without blanks and bytes of odd reading is asked for',
    row: 3,
    cut: asked('if (!/^[\\x21-\\x7e]{1,300}$/.test(value))', 'if (false)'),
    behind: [nobodys, needed],
    attack: asking({}, ['Impersonate-User: bob eve']),
  },
  { name: 'a grant to act as that user is needed', row: 4, cut: needed, attack: asking(mayAs('user:eve'), ['Impersonate-User: bob']) },
  {
    name: 'a grant for every group is needed',
    row: 4,
    cut: acting("...asked.groups.map((name) => ({ kind: 'group', name }))", ''),
    attack: asking(mayAs('user:bob'), ['Impersonate-User: bob', 'Impersonate-Group: admins']),
  },
  {
    name: 'a grant that has ended is none here either',
    row: 11,
    cut: acting('grant.until === null ? Number.POSITIVE_INFINITY : fromTime(grant.until)', 'Number.POSITIVE_INFINITY'),
    attack: asking({ acting: [{ role: 'impersonate:user:bob', until: Date.now() - 60_000 }] }, ['Impersonate-User: bob']),
  },
  {
    name: 'a grant for a service account ends at the walls of its namespace',
    row: 4,
    cut: acting('grant.namespace === null || grant.namespace === ownNamespace', 'true'),
    attack: asking({ acting: [{ role: 'impersonate:serviceaccount:web/deployer', namespace: 'web' }] }, [
      'Impersonate-User: system:serviceaccount:web:deployer',
    ]),
  },
  {
    name: "users of Kubernetes' own are nobody's",
    row: 36,
    cut: nobodys,
    attack: asking(mayAs('user:system:admin'), ['Impersonate-User: system:admin']),
  },
  {
    name: "groups of Kubernetes' own are nobody's",
    row: 36,
    cut: nobodys,
    attack: asking(mayAs('user:bob', 'group:system:masters'), ['Impersonate-User: bob', 'Impersonate-Group: system:masters']),
  },
  { name: "infra's people are nobody's", row: 36, cut: acting('target.name.startsWith(userPrefix)', 'false'), attack: ofOurPeople },
  {
    name: "service accounts of the connector's namespace are nobody's",
    row: 36,
    cut: acting("target.kind === 'serviceaccount' && target.namespace === guardedNamespace", 'false'),
    attack: asking(mayAs(`serviceaccount:${guarded.namespace}/default`), [
      `Impersonate-User: system:serviceaccount:${guarded.namespace}:default`,
    ]),
  },
  {
    name: "the connector's own account is nobody's",
    row: 36,
    cut: acting('formatServiceAccountUser(target) === ownAccount', 'false'),
    attack: asking(mayAs(`serviceaccount:${guarded.account.split(':').slice(2).join('/')}`), [`Impersonate-User: ${guarded.account}`]),
  },
  {
    name: "the connector's own is shut to whoever acts as somebody else",
    row: 36,
    cut: acting('whyGuarded(scope, question.guardedNamespace)', 'undefined'),
    attack: asking(mayAs('user:bob'), ['Impersonate-User: bob'], `GET /api/v1/namespaces/${guarded.namespace}/secrets/MARKER`),
  },
];

describeDefences('acting as somebody else', defences);
