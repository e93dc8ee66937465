import type { ReactNode } from 'react';
import { useSearch } from 'wouter';
import { useMay } from '../../api/session.tsx';
import { Command } from '../../parts/command.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { noEnd } from './end-of-grant.ts';
import { GrantForm } from './grant-form.tsx';
import { plainLine } from './grant-words.ts';
import { addCommand, type Wish } from './wish.ts';

/** What the address fills in is only typed for somebody: nothing is granted by following a link. */
export function NewGrant(): ReactNode {
  const mayChange = useMay('admin');
  const search = useSearch();
  const params = new URLSearchParams(search);
  const first: Wish = {
    subject: plainLine(params.get('subject')),
    role: plainLine(params.get('role')),
    resource: plainLine(params.get('resource')),
    end: noEnd,
    mfaSeconds: null,
    reason: '',
  };
  return (
    <Page
      title="New grant"
      up={{ text: 'Access', href: '/access' }}
      intro="Somebody gets a role on a resource: at once, and everywhere it matters."
    >
      {mayChange ? (
        <GrantForm key={search} first={first} />
      ) : (
        <Empty title="This is not for your role">
          Grants are added by those who hold admin on infra. One of them may run:
          <Command text={addCommand(first)} />
        </Empty>
      )}
    </Page>
  );
}
