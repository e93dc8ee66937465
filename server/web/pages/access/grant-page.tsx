/** One grant: what it is, how its connector got on with it, who holds it, and the connectors' word on a change of it. */
import { useState, type ReactNode } from 'react';
import { Link, useLocation, useParams, useSearch } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import type { Grant } from '../../../../shared/api/grants.ts';
import { grantId } from '../../../../shared/api/values.ts';
import { formatSubjectName, serverResource } from '../../../../shared/resource-name.ts';
import { useRead } from '../../api/reads.ts';
import { refusalOf } from '../../api/refusal.ts';
import { useMay } from '../../api/session.tsx';
import { Acknowledgements } from '../../parts/acknowledgements.tsx';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Name } from '../../parts/name.tsx';
import { Facts, Page, Section, type Fact } from '../../parts/page.tsx';
import { Empty, Failed, Loading } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { EditGrant } from './edit-grant.tsx';
import { GrantState } from './grant-state.tsx';
import { askPath, newGrantPath, removeCommand, secondFactorText, subjectPath } from './grant-words.ts';
import { Holders } from './holders.tsx';
import styles from './access.module.css';

const up = { text: 'Access', href: '/access' } as const;

export function GrantPage(): ReactNode {
  const id = grantId.safeParse(useParams().id);
  if (id.success) return <Found id={id.data} />;
  return (
    <Page title="No such grant" up={up}>
      <Empty title="There is no such thing here">This address is of no grant; see those that there are under Access.</Empty>
    </Page>
  );
}

const pendingMilliseconds = 2000;

function Found({ id }: { readonly id: Grant['id'] }): ReactNode {
  const input = { params: { id } };
  const { data: grant, error, refetch } = useRead(api.grants.get, input);
  // How a connector got on with it is asked for until it is told.
  useRead(api.grants.get, input, { enabled: grant?.state.state === 'pending' && error === null, everyMilliseconds: pendingMilliseconds });
  if (grant === undefined)
    return (
      <Page title="Grant" up={up}>
        {error === null ? <Loading what="Grant" /> : <Failed error={error} onRetry={() => void refetch()} />}
      </Page>
    );
  return <Shown grant={grant} hasEnded={error !== null && refusalOf(error).kind === 'not-found'} />;
}

/** What was seen stays when it ends, here or elsewhere: so does the word of the connectors that is waited for. */
function Shown({ grant, hasEnded }: { readonly grant: Grant; readonly hasEnded: boolean }): ReactNode {
  const mayChange = useMay('admin');
  const { subject, role, resource } = grant;
  const asked = { subject: formatSubjectName(subject), role, resource };
  return (
    <Page
      title={`${role} on ${resource}`}
      up={up}
      intro={
        <>
          for <Name isWhole>{asked.subject}</Name>
        </>
      }
      actions={mayChange && <Acts grant={grant} />}
    >
      {hasEnded && (
        <p role="status" className={styles.problem}>
          This grant has ended. What stands below is as it was.
        </p>
      )}
      <Facts of={factsOf(grant)} />
      <Followed />
      {subject.kind === 'group' && <Holders group={subject} />}
      <Section title="See also">
        <div className={styles.chosen}>
          <ButtonLink href={askPath(asked)}>Why it holds</ButtonLink>
          <ButtonLink href={askPath({ role, resource })}>Who else can</ButtonLink>
          {mayChange && <ButtonLink href={newGrantPath(asked)}>Another one like it</ButtonLink>}
        </div>
        <Command text={`infra grants show ${grant.id}`} label="The same on the command line" />
      </Section>
    </Page>
  );
}

function Acts({ grant }: { readonly grant: Grant }): ReactNode {
  const [isEdited, setEdited] = useState(false);
  const [, navigate] = useLocation();
  return (
    <>
      <Button onClick={() => setEdited(true)}>Change</Button>
      <TakeBack
        title="Remove the grant"
        text="Remove"
        impact={{ grant: grant.id }}
        act={api.grants.remove}
        input={{ params: { id: grant.id } }}
        changeOf={({ change }) => change}
        command={removeCommand([grant.id])}
        onDone={() => navigate('/access')}
      />
      {isEdited && <EditGrant grant={grant} onClose={() => setEdited(false)} />}
    </>
  );
}

/** The change that the address names: the one that has just been made here. */
function Followed(): ReactNode {
  const revision = Number(new URLSearchParams(useSearch()).get('revision'));
  if (!Number.isSafeInteger(revision) || revision < 1) return null;
  return (
    <Section title="At its connectors" intro="Who has heard of the last change here, as it comes in.">
      <Acknowledgements key={revision} change={{ revision, destinations: [] }} />
    </Section>
  );
}

function factsOf({ id, subject, role, resource, destinationId, until, mfaSeconds, reason, createdAt, createdBy, state }: Grant): Fact[] {
  return [
    {
      name: 'Who',
      value: (
        <Link href={subjectPath(subject)}>
          <Name isWhole>{formatSubjectName(subject)}</Name>
        </Link>
      ),
    },
    { name: 'Role', value: <Name isWhole>{role}</Name> },
    {
      name: 'Resource',
      value:
        destinationId === null ? (
          <>{serverResource}, the server itself</>
        ) : (
          <Link href={`/destinations/${destinationId}`}>
            <Name isWhole>{resource}</Name>
          </Link>
        ),
    },
    { name: 'Until', value: <Time at={until} otherwise="no end" /> },
    { name: 'Second factor', value: mfaSeconds === null ? 'not asked for' : `proven ${secondFactorText(mfaSeconds)}` },
    { name: 'State', value: <GrantState of={state} isWhole /> },
    {
      name: 'Given',
      value: (
        <>
          <Time at={createdAt} /> by <Name>{createdBy}</Name>
        </>
      ),
    },
    { name: 'Reason', value: reason === null ? '–' : <Name isWhole>{reason}</Name> },
    { name: 'Id', value: <Copyable text={id} what="the grant’s id" /> },
  ];
}
