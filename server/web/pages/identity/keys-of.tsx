/** Access keys of one identity. */
import type { ReactNode } from 'react';
import type { AccessKey } from '../../../../shared/api/access-keys.ts';
import { api } from '../../../../shared/api/index.ts';
import { formatDuration } from '../../../../shared/ttl.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { shellWord } from '../../parts/command.tsx';
import { DialogButton } from '../../parts/dialog-button.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import type { Holder } from './holder.ts';
import { NewKey } from './new-key.tsx';

const columns: readonly Column<AccessKey>[] = [
  { title: 'Name', share: 2, cell: ({ name }) => <Name>{name}</Name> },
  { title: 'Made', share: 2, cell: ({ createdAt, createdBy }) => <Made at={createdAt} by={createdBy} /> },
  { title: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} otherwise="never" /> },
  { title: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  { title: 'Unused for at most', cell: ({ idleSeconds }) => (idleSeconds === null ? 'no limit' : formatDuration(idleSeconds)) },
];

const columnsToChange: readonly Column<AccessKey>[] = [
  ...columns,
  {
    title: 'Take back',
    cell: ({ id, name, identity }) => (
      <TakeBack
        title={`Remove the access key ${name} of ${identity.name}`}
        text="Remove"
        says="Sessions that it opened end with it, and their credentials. Whatever runs on it stops."
        act={api.accessKeys.remove}
        input={{ params: { id } }}
        changeOf={({ change }) => change}
        command={`infra keys remove ${id} --wait`}
      />
    ),
  },
];

export function KeysOf({ identity }: { readonly identity: Holder }): ReactNode {
  const mayChange = useMay('admin');
  const keys = usePages(api.accessKeys.list, { identity: identity.id });
  return (
    <Section
      title="Access keys"
      intro="Long-lived ways in, for automation."
      actions={mayChange && <DialogButton title="Make an access key">{(close) => <NewKey of={identity} onClose={close} />}</DialogButton>}
      command={`infra keys list --of ${shellWord(identity.name)}`}
    >
      <List
        label="Access keys"
        of={keys}
        columns={mayChange ? columnsToChange : columns}
        keyOf={({ id }) => id}
        empty={<Empty title="There is no access key." />}
      />
    </Section>
  );
}

const Made = ({ at, by }: { readonly at: string; readonly by: string }): ReactNode => (
  <>
    <Time at={at} /> by <Name>{by}</Name>
  </>
);
