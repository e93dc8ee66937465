/** The fields of an identity provider, as its kind needs them. */
import type { ReactNode } from 'react';
import { CheckField, SelectField, TextField } from '../../parts/form.tsx';
import type { ProviderDraft } from './provider-draft.ts';
import { clouds, guides } from './provider-words.ts';
import styles from './settings.module.css';

export interface FieldsProps {
  readonly draft: ProviderDraft;
  readonly set: (change: Partial<ProviderDraft>) => void;
  /** By the names in the request's body. */
  readonly refusals: ReadonlyMap<string, string>;
  readonly isNew: boolean;
}

const fieldNames = [
  ...(['name', 'issuer', 'clientId', 'clientSecret', 'emailDomains', 'scopes', 'groupsClaim'] as const),
  ...(['directory', 'directory.delegatedAdmin', 'serviceAccountKey', 'syncMinutes'] as const),
] as const;

/** `emailDomains.0` belongs to `emailDomains`. */
const fieldAt = (path: string): string | undefined =>
  fieldNames.find((name) => name === path) ?? fieldNames.find((name) => path.startsWith(`${name}.`));

export const refusalsByField = (refusals: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...refusals].map(([path, message]) => [fieldAt(path) ?? path, message]));

/** Which of them stand at a field; the others stand below the form. */
export const shownPaths = (refusals: ReadonlyMap<string, string>): readonly string[] =>
  [...refusals.keys()].filter((path) => fieldAt(path) !== undefined);

export const ProviderFields = (props: FieldsProps): ReactNode => (
  <>
    <ClientFields {...props} />
    <PeopleFields {...props} />
    <GroupFields {...props} />
    <details className={styles.more}>
      <summary>More settings</summary>
      <div className={styles.folded}>
        <MoreFields {...props} />
      </div>
    </details>
  </>
);

function ClientFields({ draft, set, refusals, isNew }: FieldsProps): ReactNode {
  const { kind, issuer, tenant, cloud, clientId, credential, clientSecret } = draft;
  const guide = guides[kind];
  return (
    <>
      {isNew && kind === 'azure' && (
        <>
          <TextField
            label="Tenant ID"
            hint={guide.issuerHint}
            value={tenant}
            onChange={(value) => set({ tenant: value })}
            refusal={refusals.get('issuer')}
            isRequired
          />
          <SelectField label="Cloud" value={cloud} choices={clouds} onChange={(value) => set({ cloud: value })} />
        </>
      )}
      {isNew && (kind === 'okta' || kind === 'oidc') && (
        <TextField
          label="Issuer"
          type="url"
          hint={guide.issuerHint}
          value={issuer}
          onChange={(value) => set({ issuer: value })}
          refusal={refusals.get('issuer')}
          isRequired
        />
      )}
      <TextField
        label="Client ID"
        hint={guide.clientHint}
        value={clientId}
        onChange={(value) => set({ clientId: value })}
        refusal={refusals.get('clientId')}
        isRequired
      />
      <SelectField
        label="How infra shows that it is this client"
        value={credential}
        choices={[
          ...(isNew ? [] : [{ value: 'keep' as const, text: 'As it does now' }]),
          { value: 'secret', text: isNew ? 'A secret' : 'A new secret' },
          { value: 'private-key', text: isNew ? 'A key of its own' : 'A new key of its own' },
        ]}
        onChange={(value) => set({ credential: value })}
        hint={credential === 'private-key' ? 'infra makes the key; its public part is told afterwards, to be registered there.' : undefined}
      />
      {credential === 'secret' && (
        <TextField
          label="Client secret"
          type="password"
          autoComplete="new-password"
          hint="Sealed at rest, and never shown again."
          value={clientSecret}
          onChange={(value) => set({ clientSecret: value })}
          refusal={refusals.get('clientSecret')}
          isRequired
        />
      )}
    </>
  );
}

const PeopleFields = ({ draft, set, refusals }: FieldsProps): ReactNode => (
  <>
    <TextField
      label="Email domains"
      hint="Whose people may log in, such as example.com. Several between commas."
      value={draft.emailDomains}
      onChange={(value) => set({ emailDomains: value })}
      refusal={refusals.get('emailDomains')}
      isRequired
    />
    <CheckField
      label="Unknown people of these domains become users at their first login"
      hint="With no rights but those of their groups. Without it an admin, or SCIM, adds them before."
      isOn={draft.createUsers}
      onChange={(isOn) => set({ createUsers: isOn })}
    />
    <CheckField
      label="Users with a password or another provider may come in with this one too"
      hint="Only if all of them are in the same hands."
      isOn={draft.linkUsers}
      onChange={(isOn) => set({ linkUsers: isOn })}
    />
  </>
);

function GroupFields(props: FieldsProps): ReactNode {
  const { draft, set, refusals } = props;
  switch (draft.kind) {
    case 'okta':
    case 'oidc':
      return (
        <TextField
          label="Claim that names groups"
          hint="In the ID token, such as groups or realm_access.roles. Empty: groups are not read."
          value={draft.groupsClaim}
          onChange={(value) => set({ groupsClaim: value })}
          refusal={refusals.get('groupsClaim')}
        />
      );
    case 'azure':
      return <EntraFields {...props} />;
    case 'google':
      return <GoogleFields {...props} />;
  }
}

const EntraFields = ({ draft, set, refusals }: FieldsProps): ReactNode => (
  <>
    <SelectField
      label="Emails are"
      value={draft.emailClaim}
      choices={[
        { value: 'upn', text: 'User principal names (upn)' },
        { value: 'email', text: 'The claim email, with xms_edov beside it' },
      ]}
      onChange={(value) => set({ emailClaim: value })}
      refusal={refusals.get('directory')}
    />
    <CheckField
      label="Read groups"
      isOn={draft.groupsClaim !== ''}
      onChange={(isOn) => set({ groupsClaim: isOn ? 'groups' : '' })}
      refusal={refusals.get('groupsClaim')}
    />
    {draft.groupsClaim !== '' && (
      <SelectField
        label="Groups are called by"
        value={draft.groupNames}
        choices={[
          { value: 'ids', text: 'Their object ids' },
          { value: 'names', text: 'Their display names, which are not unique' },
        ]}
        onChange={(value) => set({ groupNames: value })}
      />
    )}
  </>
);

const GoogleFields = ({ draft, set, refusals, isNew }: FieldsProps): ReactNode => (
  <>
    <SelectField
      label="Groups are read from"
      value={draft.groupsFrom}
      choices={[
        { value: 'none', text: 'Nowhere' },
        { value: 'admin-sdk', text: 'The Admin SDK' },
        { value: 'cloud-identity', text: 'Cloud Identity' },
      ]}
      onChange={(value) => set({ groupsFrom: value })}
      refusal={refusals.get('directory')}
    />
    {draft.groupsFrom !== 'none' && (
      <>
        <TextField
          label="In the name of"
          type="email"
          hint="An admin there who may read groups."
          value={draft.delegatedAdmin}
          onChange={(value) => set({ delegatedAdmin: value })}
          refusal={refusals.get('directory.delegatedAdmin')}
          isRequired
        />
        <TextField
          label="Key of the service account"
          hint={`The JSON file, whole, as it was downloaded.${isNew ? '' : ' Empty: the one there is stays.'}`}
          lines={5}
          value={draft.serviceAccountKey}
          onChange={(value) => set({ serviceAccountKey: value })}
          refusal={refusals.get('serviceAccountKey')}
          isRequired={isNew}
        />
      </>
    )}
  </>
);

const MoreFields = ({ draft, set, refusals }: FieldsProps): ReactNode => (
  <>
    <TextField
      label="Scopes"
      hint="Asked for at the login, between commas; with openid."
      value={draft.scopes}
      onChange={(value) => set({ scopes: value })}
      refusal={refusals.get('scopes')}
    />
    <CheckField
      label="Second factors proven there count here"
      hint="When its ID tokens tell of them (amr, auth_time), for grants that ask for one."
      isOn={draft.trustMfa}
      onChange={(isOn) => set({ trustMfa: isOn })}
    />
    <TextField
      label="Minutes between questions"
      type="number"
      hint={`How often it is asked anew about people with open sessions, 1 to 1440. Empty: only at logins. ${guides[draft.kind].sync}`}
      value={draft.syncMinutes}
      onChange={(value) => set({ syncMinutes: value })}
      refusal={refusals.get('syncMinutes')}
    />
  </>
);
