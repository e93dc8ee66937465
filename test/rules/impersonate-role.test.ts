/** Roles to act as somebody else: how they are written, and whom nobody may act as. */
import { expect } from 'chai';
import { formatImpersonateRole, parseImpersonateRole, targetOfUser, whyNobodyActsAs } from '../../shared/impersonate-role.ts';
import { roleName } from '../../shared/api/values.ts';
import { isRoleName } from '../../shared/resource-name.ts';

describe('a role to act as somebody', () => {
  for (const role of [
    'impersonate:user:bob',
    'impersonate:user:bob@example.com',
    'impersonate:user:oidc:bob@example.com',
    'impersonate:user:https://issuer.example#42',
    'impersonate:user:a',
    'impersonate:group:developers',
    'impersonate:group:oidc:/team/web',
    'impersonate:serviceaccount:web/deployer',
    'impersonate:serviceaccount:web/deployer.v2',
  ])
    it(`${role} reads back as it was written, may be granted, and is no role to bind`, () => {
      const target = parseImpersonateRole(role);
      expect('fault' in target ? target.fault : formatImpersonateRole(target)).to.equal(role);
      expect(roleName.safeParse(role).success).to.equal(true);
      expect(isRoleName(role)).to.equal(false);
    });

  const forms = /^must be impersonate:user:NAME, impersonate:group:NAME or impersonate:serviceaccount:NAMESPACE\/NAME$/;
  for (const [role, says] of [
    ['impersonate:', forms],
    ['impersonate:user', forms],
    ['impersonate:user:', forms],
    ['impersonate:users:bob', forms],
    ['impersonate:User:bob', forms],
    ['impersonate:*', forms],
    ['impersonate:uid:1', forms],
    ['impersonate:serviceaccount:web', forms],
    ['impersonate:serviceaccount:web/a/b', forms],
    ['impersonate:user:*', /must name a user by/],
    ['impersonate:user: bob', /must name a user by/],
    ['impersonate:user:bob\r\nImpersonate-Group: x', /must name a user by/],
    ['impersonate:user:bob,eve', /must name a user by/],
    ['impersonate:user:b%6fb', /must name a user by/],
    ['impersonate:user:b\u00f6b', /must name a user by/],
    [`impersonate:user:${'b'.repeat(254)}`, /must name a user by/],
    ['impersonate:group:a b', /must name a group by/],
    ['impersonate:group:system:masters', /Kubernetes' own/],
    ['impersonate:group:SYSTEM:masters', /Kubernetes' own/],
    ['impersonate:group:system:serviceaccounts', /Kubernetes' own/],
    ['impersonate:user:system:admin', /Kubernetes' own/],
    ['impersonate:user:system:anonymous', /Kubernetes' own/],
    ['impersonate:user:system:serviceaccount:web:deployer', /write impersonate:serviceaccount:NAMESPACE\/NAME/],
    ['impersonate:user:infra:ana@example.com', /infra's own/],
    ['impersonate:group:infra:cluster-admin@*', /must name a group by/],
    ['impersonate:group:infra:group:platform', /infra's own/],
    ['impersonate:group:Infra:x', /infra's own/],
    ['impersonate:serviceaccount:Web/deployer', /NAMESPACE\/NAME, such as/],
    ['impersonate:serviceaccount:/deployer', /NAMESPACE\/NAME, such as/],
    ['impersonate:serviceaccount:web/', /NAMESPACE\/NAME, such as/],
    ['impersonate:serviceaccount:web/*', /NAMESPACE\/NAME, such as/],
    ['impersonate:serviceaccount:web/a..b', /NAMESPACE\/NAME, such as/],
  ] as const)
    it(`${JSON.stringify(role).slice(0, 70)} is none, and nothing to bind either`, () => {
      const parsed = parseImpersonateRole(role);
      expect('fault' in parsed ? parsed.fault : '').to.match(says);
      expect(roleName.safeParse(role).error?.issues[0]?.message).to.match(says);
      expect(isRoleName(role)).to.equal(false);
    });

  it('of the same beginning as a ClusterRole leaves that one alone', () => {
    for (const role of ['impersonate', 'impersonator', 'impersonate-user', 'system:node']) expect(isRoleName(role), role).to.equal(true);
  });

  it('for a service account is found by the name that the cluster knows, and by no look-alike', () => {
    expect(targetOfUser('system:serviceaccount:web:deployer')).to.deep.equal({
      kind: 'serviceaccount',
      namespace: 'web',
      name: 'deployer',
    });
    for (const user of [
      'system:serviceaccount:web',
      'system:serviceaccount:web:a:b',
      'system:serviceaccount::deployer',
      'system:serviceaccount:web:',
      'system:serviceaccount:Web:deployer',
      'System:serviceaccount:web:deployer',
    ]) {
      expect(targetOfUser(user).kind, user).to.equal('user');
      expect(whyNobodyActsAs(targetOfUser(user)), user).to.match(/Kubernetes' own|must name a user/);
    }
  });
});
