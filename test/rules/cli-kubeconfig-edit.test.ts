/** The person's kubeconfig is theirs: foreign content survives byte for byte, whatever its shape (product law 8, security.md row 33). */
import { expect } from 'chai';
import { parse } from 'yaml';
import { editKubeconfig, readKubeconfigValue, type KubeconfigEdit } from '../../cli/kubeconfig-edit.ts';
import type { Entry } from '../../cli/kubeconfig-splices.ts';

const entriesOf = (name: string, server = 'https://127.0.0.1:1'): Record<'cluster' | 'context' | 'user', Entry> => ({
  cluster: { name, cluster: { server, 'certificate-authority-data': 'QUJD' } },
  context: { name, context: { cluster: name, user: name } },
  user: { name, user: { exec: { command: '/h/bin/kube-credential', args: ['kube', 'credential'], env: [{ name: 'A', value: 'on' }] } } },
});

const writing = (names: readonly string[], server?: string, currentContext?: string): KubeconfigEdit => ({
  entries: {
    clusters: new Map(names.map((name) => [name, entriesOf(name, server).cluster])),
    contexts: new Map(names.map((name) => [name, entriesOf(name, server).context])),
    users: new Map(names.map((name) => [name, entriesOf(name, server).user])),
  },
  currentContext,
});

const removing = (names: readonly string[]): KubeconfigEdit => {
  const gone = new Map(names.map((name) => [name, undefined]));
  return { entries: { clusters: gone, contexts: gone, users: gone }, currentContext: undefined };
};

/** Every byte of `part` is still there, in its order. */
function expectPreserved(before: string, after: string): void {
  let position = 0;
  for (const line of before.split('\n')) {
    const at = after.indexOf(line, position);
    expect(at, `line kept: ${JSON.stringify(line)}`).to.be.at.least(position);
    position = at + line.length;
  }
}

/** Each has at least one foreign entry in every section, so that adding and taking out must give the very same bytes. */
const corpus: Readonly<Record<string, string>> = {
  'as kubectl writes it': `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: QUJD
    server: https://10.0.0.1:6443
  name: kind
contexts:
- context:
    cluster: kind
    namespace: default
    user: kind
  name: kind
current-context: kind
kind: Config
preferences: {}
users:
- name: kind
  user:
    client-certificate-data: QUJD
    client-key-data: QUJD
`,
  'with comments everywhere': `# my clusters, do not touch
apiVersion: v1   # version
kind: Config

clusters:   # all of them
  # the first
- name: a     # named a
  cluster:
    server: https://a   # where
    # about a

  # the second
- name: b
  cluster: {server: https://b}   # short
  # behind b

contexts:
- {name: a, context: {cluster: a, user: a}}
# between
- {name: b, context: {cluster: b, user: a}}

users:
- name: a
  user:
    token: abc # secret
# the end
`,
  'indented sequences, odd order, unknown fields': `users:
    -   user:
            token: "x"
        name: one
        future-field: [1, 2, {three: 3}]
current-context: one
extensions:
    - name: other.tool
      extension:
          when: 2020-01-01
clusters:
    -   name: one
        cluster:
            server: https://one
            proxy-url: socks5://p:1
kind: Config
contexts:
    -   name: one
        context: {cluster: one, user: one}
apiVersion: v1
colors: true
`,
  'anchors, aliases, merges and tags': `apiVersion: v1
kind: Config
x-base: &base
  server: https://base
  insecure-skip-tls-verify: true
clusters:
- name: a
  cluster: *base
- name: b
  cluster:
    <<: *base
    server: !!str https://b
contexts:
- name: a
  context: &ctx
    cluster: a
    user: u
- name: b
  context: *ctx
users:
- name: u
  user: {token: t}
`,
  'CRLF line ends':
    'apiVersion: v1\r\nclusters:\r\n- cluster:\r\n    server: https://a\r\n  name: a\r\ncontexts:\r\n- context:\r\n    cluster: a\r\n    user: a\r\n  name: a\r\nkind: Config\r\nusers:\r\n- name: a\r\n  user:\r\n    token: t\r\n',
  'JSON over several lines': `${JSON.stringify(
    {
      kind: 'Config',
      apiVersion: 'v1',
      clusters: [{ name: 'a', cluster: { server: 'https://a' } }],
      users: [{ name: 'a', user: { token: 't' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    },
    null,
    4,
  )}\n`,
  'JSON on one line, no line end':
    '{"kind":"Config","apiVersion":"v1","clusters":[{"name":"a","cluster":{"server":"https://a"}}],"users":[{"name":"a","user":{"token":"t"}}],"contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}],"current-context":"a"}',
  'flow style within block style': `apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: 'https://a'}}, {name: b, cluster: {server: "https://b"}}] # two
contexts: [ {name: a, context: {cluster: a, user: a}}, ]
users: [
  # a comment
  {name: a, user: {token: t}} # behind
]
`,
  'document markers and a byte order mark': `\uFEFF---
apiVersion: v1
kind: Config
clusters:
- name: a
  cluster: {server: https://a}
contexts:
- name: a
  context: {cluster: a, user: a}
users:
- name: a
  user: {token: t}
...
`,
  'block scalars and multi-line strings': `apiVersion: v1
kind: Config
clusters:
- name: a
  cluster:
    server: https://a
    note: |+
      kept

      lines

contexts:
- name: a
  context:
    cluster: a
    user: "a
      b"
users:
- name: a
  user:
    exec:
      installHint: >-
        folded
        text

`,
  'block scalar at the end without a line end': `clusters:
- name: a
  cluster: {server: https://a}
contexts:
- name: a
  context: {cluster: a}
users:
- name: a
  user:
    hint: |
      last words`,
};

describe('editing a kubeconfig', () => {
  for (const [shape, before] of Object.entries(corpus)) {
    describe(shape, () => {
      it('keeps every foreign byte when entries are added, and says what was wanted', () => {
        const after = editKubeconfig(before, writing(['infra:prod', 'infra:b:prod']));
        if (!shape.startsWith('JSON') && !shape.startsWith('flow')) expectPreserved(before, after);
        const value = parse(after, { merge: true }) as Record<string, Entry[]>;
        const { cluster, context, user } = entriesOf('infra:prod');
        expect(value['clusters']).to.deep.include(cluster);
        expect(value['contexts']).to.deep.include(context);
        expect(value['users']).to.deep.include(user);
      });

      it('gives the very same bytes back when they are taken out again', () => {
        const after = editKubeconfig(before, writing(['infra:prod', 'infra:b:prod']));
        expect(withoutAddedEnd(before, editKubeconfig(after, removing(['infra:prod', 'infra:b:prod'])))).to.equal(before);
      });

      it('changes nothing when everything stands already', () => {
        const after = editKubeconfig(before, writing(['infra:prod']));
        expect(editKubeconfig(after, writing(['infra:prod']))).to.equal(after);
      });

      it('replaces an entry in its place', () => {
        const both = editKubeconfig(before, writing(['infra:prod', 'infra:test']));
        const after = editKubeconfig(both, writing(['infra:prod'], 'https://moved:2'));
        expect(after.replaceAll('https://moved:2', 'https://127.0.0.1:1')).to.equal(both);
      });

      it('sets the current context and nothing else', () => {
        const after = editKubeconfig(before, { ...writing([]), currentContext: 'infra:prod' });
        expect(readKubeconfigValue(after)['current-context']).to.equal('infra:prod');
        const rest = ({ 'current-context': _, ...others }: Record<string, unknown>): unknown => others;
        expect(rest(readKubeconfigValue(after))).to.deep.equal(rest(readKubeconfigValue(before)));
      });

      it('keeps line ends of one kind', () => {
        const after = editKubeconfig(before, writing(['infra:prod'], undefined, 'infra:prod'));
        if (before.includes('\r\n')) expect(after.replaceAll('\r\n', '')).to.not.match(/[\r\n]/);
        else expect(after).to.not.include('\r');
      });
    });
  }

  for (const [shape, before] of Object.entries({
    'an empty text': '',
    'comments alone': '# nothing here yet\n',
    'comments without a line end': '# nothing here yet',
    'empty lists': 'apiVersion: v1\nclusters: []\ncontexts: []\nkind: Config\npreferences: {}\nusers: []\n',
    'null lists': 'apiVersion: v1\nclusters: null\ncontexts: null\ncurrent-context: ""\nkind: Config\nusers: null\n',
    'keys without values, with comments': 'clusters: # mine\ncontexts:\n# between\nusers:   # and theirs\nkind: Config',
    'missing lists': 'apiVersion: v1\nkind: Config\n',
    'missing lists, no line end': 'kind: Config',
    'an empty JSON object': '{}',
    'JSON without lists': '{\n\t"kind": "Config"\n}\n',
    'JSON with empty lists': '{\n  "clusters": [],\n  "contexts": [],\n  "users": null\n}\n',
  }))
    it(`begins from ${shape}`, () => {
      const after = editKubeconfig(before, writing(['infra:prod'], undefined, 'infra:prod'));
      const value = readKubeconfigValue(after);
      expect(value['clusters']).to.deep.equal([entriesOf('infra:prod').cluster]);
      expect(value['users']).to.deep.equal([entriesOf('infra:prod').user]);
      expect(value['current-context']).to.equal('infra:prod');
      for (const comment of before.match(/# .*/g) ?? []) expect(after).to.include(comment);
      const cleaned = editKubeconfig(after, removing(['infra:prod']));
      for (const section of ['clusters', 'contexts', 'users']) expect(readKubeconfigValue(cleaned)[section] ?? []).to.deep.equal([]);
    });

  for (const [fault, text] of Object.entries({
    'broken YAML': 'clusters: [a, b\nusers: }',
    'several documents': 'kind: Config\n---\nkind: Config\n',
    'no map': '- a\n- b\n',
    'a key twice': 'clusters: []\nusers: []\nclusters: []\n',
    'a list that is an alias': 'a: &a\n- name: x\nclusters: *a\n',
  }))
    it(`refuses ${fault} in words and invents nothing`, () => {
      expect(() => editKubeconfig(text, writing(['infra:prod']))).to.throw(/kubeconfig was left alone/);
    });

  it('quotes what YAML 1.1 and 1.2 read differently', () => {
    const name = 'infra:prod';
    const edit = writing([name]);
    const context: Entry = { name, context: { cluster: name, user: name, namespace: 'on' } };
    const after = editKubeconfig('', { ...edit, entries: { ...edit.entries, contexts: new Map([[name, context]]) } });
    expect(after).to.match(/namespace: "on"/);
  });

  it('keeps foreign bytes through random edits of random files', () => {
    const random = generator(20_261_121);
    for (let round = 0; round < 150; round += 1) {
      const before = randomKubeconfig(random);
      let text = before;
      const names = ['infra:a', 'infra:b', 'infra:x:a', 'infra:x:long-name'];
      for (let step = 0; step < 6; step += 1) {
        const chosen = names.filter(() => random() < 0.5);
        text = editKubeconfig(text, random() < 0.5 ? writing(chosen, `https://h:${1 + Math.floor(random() * 9)}`) : removing(chosen));
      }
      const cleaned = editKubeconfig(text, removing(names));
      expect(withoutAddedEnd(before, cleaned), `round ${round}`).to.equal(before);
    }
  });
});

/** A text without final line break gets one when something is put behind it; it stays. */
const withoutAddedEnd = (before: string, after: string): string =>
  /\n$/.test(before) || !/\n$/.test(after) ? after : after.replace(/\r?\n$/, '');

/** mulberry32: the same numbers every time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomKubeconfig(random: () => number): string {
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
  const lineBreak = pick('\n', '\r\n');
  const item = (name: string, key: string): string[] => {
    const indent = pick('', '  ');
    const comment = pick([], [], [`${indent}# about ${name}`]);
    if (random() < 0.3) return [...comment, `- {name: ${name}, ${key}: {x: "${name}"}}${pick('', '  # flow')}`];
    return [
      ...comment,
      `- name: ${pick(name, `"${name}"`)}${pick('', ' # n')}`,
      `  ${key}:`,
      `    x: ${name}`,
      ...pick([], ['', '    # tail'], ['']),
    ];
  };
  const section = (key: string, inner: string): string[] => {
    const deep = pick('', '  ');
    const items = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => item(`${key}-${index}`, inner)).flat();
    return [`${key}:${pick('', '  # list')}`, ...items.map((line) => (line === '' ? line : deep + line))];
  };
  const blocks = [
    section('clusters', 'cluster'),
    section('contexts', 'context'),
    section('users', 'user'),
    ['apiVersion: v1', 'kind: Config'],
    pick(['preferences: {}'], ['# only a comment'], ['current-context: contexts-0 # here'], ['x:', '- y', '- z']),
  ].sort(() => random() - 0.5);
  return blocks.flat().join(lineBreak) + pick('', lineBreak, lineBreak + lineBreak);
}
