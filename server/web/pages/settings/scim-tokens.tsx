/** Tokens with which the provider's directory tells of people and groups by itself. */
import { useState, type ReactNode } from 'react';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import type { ScimToken } from '../../../../shared/api/scim-tokens.ts';
import { useAct, useRead } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { useMay } from '../../api/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Form, SelectField } from '../../parts/form.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { SecretOnce } from '../../parts/secret-once.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';

const seen: readonly Column<ScimToken>[] = [
  { title: 'Made', share: 2, cell: ({ createdAt }) => <Time at={createdAt} /> },
  { title: 'By', share: 3, cell: ({ createdBy }) => <Name>{createdBy}</Name> },
  { title: 'Ends', share: 2, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  { title: 'Last used', share: 2, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} otherwise="never" /> },
  { title: 'Id', share: 3, cell: ({ id }) => <Name>{id}</Name> },
];
const changed: readonly Column<ScimToken>[] = [
  ...seen,
  {
    title: 'Remove',
    share: 2,
    cell: ({ id, provider }) => (
      <TakeBack
        title={`Remove the SCIM token ${id}`}
        text="Remove"
        says="It opens nothing from then on. What it gave stays; with the last one the groups are told by logins again."
        act={api.scimTokens.remove}
        input={{ params: { id: provider.id, token: id } }}
        changeOf={() => null}
        command={`infra scim-tokens remove ${shellWord(provider.name)} ${id}`}
      />
    ),
  },
];

export function ScimTokens({ of: { id, name } }: { readonly of: IdentityProvider }): ReactNode {
  const mayChange = useMay('admin');
  const found = useRead(api.scimTokens.list, { params: { id } });
  const [isMaking, setMaking] = useState(false);
  return (
    <Section
      title="SCIM"
      intro="With a token its directory tells at once who comes, changes and goes. Several hold at a time, so that one can take another’s place."
      actions={mayChange && <Button onClick={() => setMaking(true)}>Make a SCIM token</Button>}
      command={`infra scim-tokens list ${shellWord(name)}`}
    >
      <Await of={found}>
        {({ items }) => (
          <Rows
            label="SCIM tokens"
            columns={mayChange ? changed : seen}
            rows={items}
            keyOf={(token) => token.id}
            empty={<Empty title="There is no SCIM token.">People and groups are told by logins alone.</Empty>}
          />
        )}
      </Await>
      {isMaking && <NewToken id={id} name={name} onClose={() => setMaking(false)} />}
    </Section>
  );
}

const lives = [
  { value: '90', text: '90 days' },
  { value: '180', text: '180 days' },
  { value: '365', text: '365 days' },
  { value: '730', text: 'Two years' },
] as const;

function NewToken({
  id,
  name,
  onClose,
}: {
  readonly id: IdentityProvider['id'];
  readonly name: string;
  readonly onClose: () => void;
}): ReactNode {
  const [days, setDays] = useState<(typeof lives)[number]['value']>('365');
  const making = useAct(api.scimTokens.create);
  if (making.isSuccess)
    return (
      <Dialog title={`A SCIM token for ${name}`} onClose={onClose}>
        <p>
          Enter at the provider as base URL (tenant URL): <Copyable text={making.data.baseUrl} what="the base URL" />
        </p>
        <SecretOnce secret={making.data.secret} what="the SCIM token" />
        <Actions>
          <Button kind="main" onClick={onClose}>
            I have it
          </Button>
        </Actions>
      </Dialog>
    );
  return (
    <Dialog title={`Make a SCIM token for ${name}`} onClose={onClose}>
      <Form
        onSubmit={() => making.mutate({ params: { id }, body: { expiresInSeconds: Number(days) * 86_400 } })}
        error={making.error}
        fields={['expiresInSeconds']}
      >
        <SelectField
          label="It ends after"
          value={days}
          choices={lives}
          onChange={setDays}
          refusal={fieldRefusals(making.error).get('expiresInSeconds')}
        />
        <Command text={`infra scim-tokens add ${shellWord(name)} --expires-in ${days}d`} label="The same on the command line" />
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" submits isBusy={making.isPending}>
            Make it
          </Button>
        </Actions>
      </Form>
    </Dialog>
  );
}
