/** Entra that pushes some groups by SCIM and names all of them at logins: group by group one of the two speaks (ADR 26). */
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import { directoryStage, groupNames, loginGroups, type DirectoryStage } from '../../support/directory-stage.ts';
import { loginByBrowser } from '../../support/browser.ts';
import { newScimClient, provision, scimGroup, type ScimClient } from '../../support/scim.ts';

describe('a provider of kind azure that pushes groups by SCIM, too', function () {
  this.timeout(120_000);
  let stage: DirectoryStage;
  let scim: ScimClient;
  let provider: Awaited<ReturnType<DirectoryStage['connectEntra']>>;
  before(async () => {
    stage = await directoryStage();
    provider = await stage.connectEntra({ directory: { groupNames: 'names' } });
    scim = await newScimClient(stage.server, provider);
  });
  after(async () => stage.stop());

  const namesAreAskedForAgain = (): void =>
    stage.sql('UPDATE directory_groups SET named_at = ?', new Date(Date.now() - 13 * 3_600_000).toISOString());

  it('keeps grants and names of what it pushes as it pushes them, whatever a login says, until the last token is gone', async () => {
    const [crew, ops] = [stage.entra.addGroup('Crew'), stage.entra.addGroup('Ops')];
    const person = stage.entra.addPerson({ upn: 'ana@example.com', groups: [crew.id, ops.id] });
    stage.entra.signIn(person);
    const userId = await provision(scim, person.upn, { externalId: person.oid });
    expect(await loginGroups(stage.server, 'entra')).to.deep.equal(['entra/Crew', 'entra/Ops']);
    await stage.admin(api.grants.create, { body: { subject: 'group:entra/Crew', role: 'view', resource: 'infra' } });

    const { status, body: pushed } = await scim.post('/Groups', scimGroup('Crew'));
    expect(status).to.equal(201);
    expect(await loginGroups(stage.server, 'entra'), 'an old claim gives nothing back').to.deep.equal(['entra/Ops']);
    await scim.patch(`/Groups/${pushed.id}`, { op: 'add', path: 'members', value: [{ value: userId }] });
    const { call } = await loginByBrowser(stage.server, 'entra');
    expect(await groupNames(call)).to.deep.equal(['entra/Crew', 'entra/Ops']);
    expect((await call(api.sessions.current, {})).serverRoles, 'the grant hangs on the group').to.deep.equal(['view']);

    person.groups = [];
    expect(await loginGroups(stage.server, 'entra'), 'and a claim that is missing takes nothing').to.deep.equal(['entra/Crew']);
    person.groups = [crew.id, ops.id];
    Object.assign(crew, { displayName: 'Cabin Crew' });
    Object.assign(ops, { displayName: 'Site Ops' });
    namesAreAskedForAgain();
    expect(await loginGroups(stage.server, 'entra'), 'only the name that logins speak for').to.deep.equal(['entra/Crew', 'entra/Site Ops']);
    expect((await scim.find('Groups', 'displayName eq "Crew"')).body.totalResults).to.equal(1);
    await scim.patch(`/Groups/${pushed.id}`, { op: 'replace', path: 'displayName', value: 'Flight Crew' });
    expect(await loginGroups(stage.server, 'entra')).to.deep.equal(['entra/Flight Crew', 'entra/Site Ops']);

    await stage.admin(api.scimTokens.remove, { params: { id: provider.id, token: scim.tokenId } });
    namesAreAskedForAgain();
    expect(await loginGroups(stage.server, 'entra'), 'logins speak again').to.deep.equal(['entra/Cabin Crew', 'entra/Site Ops']);
  });
});
