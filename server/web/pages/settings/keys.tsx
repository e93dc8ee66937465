import { useState, type ReactNode } from 'react';
import type { AccessKey } from '../../../../shared/api/access-keys.ts';
import { api } from '../../../../shared/api/index.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { accessKeyColumns, NewAccessKey, RemoveAccessKey } from '../../parts/access-keys.tsx';
import { Button } from '../../parts/button.tsx';
import { forView } from '../../parts/for-view.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { SettingsNav } from './settings-nav.tsx';

const { name, owner, ends, idle, lastUsed, createdBy } = accessKeyColumns;
const seen: readonly Column<AccessKey>[] = [name, owner, ends, idle, lastUsed, createdBy];
const changed: readonly Column<AccessKey>[] = [...seen, { title: 'Remove', share: 2, cell: (key) => <RemoveAccessKey of={key} /> }];

export const AccessKeys = forView('Access keys', WholeAccessKeys);

function WholeAccessKeys(): ReactNode {
  const keys = usePages(api.accessKeys.list, { all: 'true' });
  const mayChange = useMay('admin');
  const [isAdding, setAdding] = useState(false);
  return (
    <Page title="Settings" intro="Long-lived ways in, of people and workloads.">
      <SettingsNav />
      <Section
        title="Access keys"
        intro="Whoever has a key is its owner until it ends. A workload with a trust rule needs none."
        actions={mayChange && <Button onClick={() => setAdding(true)}>Make an access key</Button>}
        command="infra keys list --all"
      >
        <List
          label="Access keys"
          of={keys}
          columns={mayChange ? changed : seen}
          keyOf={({ id }) => id}
          empty={<Empty title="There is no access key." />}
        />
        {isAdding && <NewAccessKey isForAnybody onClose={() => setAdding(false)} />}
      </Section>
    </Page>
  );
}
