/** Pages that take the role view: who has none hears so in one place, with the way to it. The server refuses them all the same. */
import type { ComponentType, ReactNode } from 'react';
import { Link } from 'wouter';
import { useMay, useMe } from '../api/session.tsx';
import { Command, shellWord } from './command.tsx';
import { Page } from './page.tsx';
import { Empty } from './states.tsx';

export const forView = (title: string, Shown: ComponentType): ComponentType =>
  function ForView() {
    return useMay('view') ? <Shown /> : <NotForYou title={title} />;
  };

function NotForYou({ title }: { readonly title: string }): ReactNode {
  const { identity } = useMe();
  return (
    <Page title={title}>
      <Empty title="This is not for your role">
        <p>
          It takes the role view on infra. What you can reach is under <Link href="/me">My access</Link>. An admin gives the role with:
        </p>
        <Command text={`infra grants add ${shellWord(identity.name)} --role view infra`} />
      </Empty>
    </Page>
  );
}
