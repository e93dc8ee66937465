import { useState, type ReactNode } from 'react';
import type { AccessKey } from '../../../../shared/api/access-keys.ts';
import { api } from '../../../../shared/api/index.ts';
import { usePages } from '../../api/reads.ts';
import { accessKeyColumns, NewAccessKey, RemoveAccessKey } from '../../parts/access-keys.tsx';
import { Button } from '../../parts/button.tsx';
import { Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';

const columns: readonly Column<AccessKey>[] = [
  accessKeyColumns.name,
  accessKeyColumns.ends,
  accessKeyColumns.idle,
  accessKeyColumns.lastUsed,
  { title: 'Remove', cell: (key) => <RemoveAccessKey of={key} /> },
];

export function OwnKeys(): ReactNode {
  const keys = usePages(api.accessKeys.list, {});
  const [isAdding, setAdding] = useState(false);
  return (
    <Section
      title="My access keys"
      intro="For programs that act as you. Whoever has a key is you, until it ends: workloads are better for machines."
      actions={<Button onClick={() => setAdding(true)}>Make an access key</Button>}
    >
      <List label="My access keys" of={keys} columns={columns} keyOf={({ id }) => id} empty={<Empty title="You have no access key." />} />
      {isAdding && <NewAccessKey onClose={() => setAdding(false)} />}
    </Section>
  );
}
