/** Defences of the providers with a directory (Entra, Google): taken out of the built server one by one, each attack succeeds. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { loginByBrowser } from '../support/browser.ts';
import { directoryStage, groupNames, loginGroups, loginRefusal, type DirectoryStage } from '../support/directory-stage.ts';
import { startDoubleServer } from '../support/doubles/double-server.ts';
import { brokenIf, cutIn, type Cut, type Verdict } from './defence.ts';
import { buildWithout } from './mutated-build.ts';

interface DirectoryDefence {
  readonly name: string;
  /** Of docs/threat-model.md. */
  readonly row: number;
  readonly cut: Cut;
  readonly attack: (stage: DirectoryStage) => Promise<Verdict>;
}

const entra = cutIn('identity/entra-claims-rules.js');
const google = cutIn('identity/google-rules.js');
const groups = cutIn('identity/provider-group-rules.js');

const isLetIn = async (stage: DirectoryStage, provider: string): Promise<Verdict> =>
  brokenIf((await loginRefusal(stage.server, provider)).code === 'let in');
const many = (stage: DirectoryStage): string[] => Array.from({ length: 201 }, (_, index) => stage.entra.addGroup(`Team ${index}`).id);

const atEntra: readonly DirectoryDefence[] = [
  {
    name: 'a token is of the tenant that was connected',
    row: 15,
    cut: entra('tid !== tenantOf(provider.issuer)', 'false'),
    attack: async (stage) => {
      await stage.connectEntra();
      stage.entra.signIn(stage.entra.addPerson({ upn: 'ana@example.com' }));
      stage.entra.claims = (claims) => ({ ...claims, tid: stage.entra.otherTenant });
      return isLetIn(stage, 'entra');
    },
  },
  {
    name: 'a person is known by their object id',
    row: 16,
    cut: entra('subject: oid, email', 'subject: String(claims.sub), email'),
    attack: async (stage) => {
      await stage.connectEntra();
      stage.entra.claims = (claims) => ({ ...claims, sub: 'the same' });
      stage.entra.signIn(stage.entra.addPerson({ upn: 'ana@example.com' }));
      const first = await loginByBrowser(stage.server, 'entra');
      stage.entra.signIn(stage.entra.addPerson({ upn: 'eve@example.com' }));
      return brokenIf((await loginByBrowser(stage.server, 'entra')).session.identity.id === first.session.identity.id);
    },
  },
  {
    name: 'an email counts with xms_edov alone',
    row: 16,
    cut: entra("isDomainVerified === true || isDomainVerified === 1 || isDomainVerified === '1'", 'true'),
    attack: async (stage) => {
      await stage.connectEntra({ directory: { emailClaim: 'email' } });
      stage.entra.signIn(stage.entra.addPerson({ upn: 'eve@evil.example', mail: 'victim@example.com', isMailVerified: false }));
      return isLetIn(stage, 'entra');
    },
  },
  {
    name: 'a guest is told by where they signed in',
    row: 16,
    cut: entra("idp !== undefined && !(typeof idp === 'string' && own.includes(idp))", 'false'),
    attack: async (stage) => {
      await stage.connectEntra({ directory: { emailClaim: 'email' } });
      stage.entra.signIn(
        stage.entra.addPerson({ upn: 'eve@evil.example', mail: 'victim@example.com', isMailVerified: true, home: 'mail' }),
      );
      return isLetIn(stage, 'entra');
    },
  },
  {
    name: 'a guest is told by their user principal name',
    row: 16,
    cut: entra('/#ext#/i.test(String(claims[name]))', 'false'),
    attack: async (stage) => {
      await stage.connectEntra();
      stage.entra.signIn(stage.entra.addPerson({ upn: 'eve_evil.example#EXT#@example.com' }));
      return isLetIn(stage, 'entra');
    },
  },
  {
    name: 'the next page is at the Graph',
    row: 7,
    cut: cutIn('login/graph-directory.js')('URL.parse(next)?.origin !== new URL(base).origin', 'false'),
    attack: async (stage) => {
      await stage.connectEntra();
      let token: string | undefined;
      const elsewhere = await startDoubleServer(({ headers }) => ((token = headers.authorization), { json: { value: [] } }));
      stage.entra.signIn(stage.entra.addPerson({ upn: 'ana@example.com', groups: many(stage) }));
      Object.assign(stage.entra.graph, { pageSize: 50, nextLink: (link: string) => link.replace(stage.entra.origin, elsewhere.origin) });
      await loginRefusal(stage.server, 'entra');
      await elsewhere.stop();
      return brokenIf(token !== undefined);
    },
  },
  {
    name: 'groups that were known count for a day',
    row: 11,
    cut: groups('now - Date.parse(toldAt) <= groupsKeptHours * 3_600_000', 'true'),
    attack: async (stage) => {
      await stage.connectEntra();
      stage.entra.signIn(stage.entra.addPerson({ upn: 'ana@example.com', groups: many(stage) }));
      await loginByBrowser(stage.server, 'entra');
      stage.entra.graph.isDown = true;
      stage.sql('UPDATE accounts SET groups_at = ?', new Date(Date.now() - 48 * 3_600_000).toISOString());
      return isLetIn(stage, 'entra');
    },
  },
  {
    name: 'an id of a group is the name of no other',
    row: 17,
    cut: groups('isProviderGroupName(label) && !looksLikeId(label)', 'isProviderGroupName(label)'),
    attack: async (stage) => {
      await stage.connectEntra({ directory: { groupNames: 'names' } });
      const victim = stage.entra.addGroup('Admins');
      stage.entra.signIn(stage.entra.addPerson({ upn: 'eve@example.com', groups: [stage.entra.addGroup(victim.id).id] }));
      return brokenIf((await loginGroups(stage.server, 'entra')).includes(`entra/${victim.id}`));
    },
  },
  {
    name: 'a group is made beforehand by its id alone',
    row: 17,
    cut: cutIn('identity/group-service.js')("provider.kind === 'azure' && !isObjectId(group.name)", 'false'),
    attack: async (stage) => {
      await stage.connectEntra({ directory: { groupNames: 'names' } });
      return stage.admin(api.groups.create, { body: { name: 'entra/Admins' } }).then(
        () => 'broken' as const,
        () => 'held' as const,
      );
    },
  },
  {
    name: 'an issuer is one tenant’s',
    row: 15,
    cut: cutIn('identity/provider-service.js')('kindFault !== undefined', 'false'),
    attack: async (stage) => {
      // A tenant by its domain: whoever comes to own it would be the tenant.
      stage.entra.claims = (claims) => claims;
      const issuer = `${stage.entra.origin.replace('127.0.0.1', 'localhost')}/common/v2.0`;
      const created = await stage.connectEntra({ issuer }).catch((error: unknown) => String(error));
      return brokenIf(typeof created !== 'string' || !created.includes('any tenant'));
    },
  },
];

const inGoogle = async (stage: DirectoryStage, account: object, from: 'admin-sdk' | null = null): Promise<void> => {
  await stage.connectGoogle({ groupsFrom: from });
  stage.google.signIn({ sub: '1', email: 'victim@example.com', hd: 'example.com', ...account });
};
const atGoogle: readonly DirectoryDefence[] = [
  {
    name: 'an account is of our organization',
    row: 16,
    cut: google("typeof hd !== 'string' || !provider.emailDomains.includes(hd.toLowerCase())", 'false'),
    attack: async (stage) => {
      await inGoogle(stage, { hd: undefined });
      return isLetIn(stage, 'google');
    },
  },
  {
    name: 'only a verified email counts at Google',
    row: 16,
    cut: google('isVerified !== true', 'false'),
    attack: async (stage) => {
      await inGoogle(stage, { email_verified: false });
      return isLetIn(stage, 'google');
    },
  },
  {
    name: 'groups of other organizations are none',
    row: 17,
    cut: groups('isProviderGroupName(name) && isWanted(name)', 'isProviderGroupName(name)'),
    attack: async (stage) => {
      await inGoogle(stage, {}, 'admin-sdk');
      stage.google.memberOf.set('1', ['platform@evil.example']);
      const { call } = await loginByBrowser(stage.server, 'google');
      return brokenIf((await groupNames(call)).length > 0);
    },
  },
];

describe('defences of the server: directories of providers', function () {
  this.timeout(60_000);

  const verdict = async (attack: DirectoryDefence['attack'], cuts: readonly Cut[]): Promise<Verdict> => {
    const stage = await directoryStage(cuts.length === 0 ? undefined : buildWithout(cuts, 'server'));
    try {
      return await attack(stage);
    } finally {
      await stage.stop();
    }
  };
  for (const { name, row, cut, attack } of [...atEntra, ...atGoogle]) {
    it(`row ${row}: ${name}: the attack is refused`, async () => {
      expect(await verdict(attack, [])).to.equal('held');
    });
    it(`row ${row}: without "${name}" the attack succeeds`, async () => {
      expect(await verdict(attack, [cut])).to.equal('broken');
    });
  }
});
