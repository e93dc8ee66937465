/** Connecting a cluster: a name, a token that is shown once, and waiting until the connector is there. The address keeps which one it is, never the token. */
import { useEffect, useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { Destination } from '../../../../shared/api/destinations.ts';
import { api } from '../../../../shared/api/index.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { useAct, useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { announce } from '../../parts/announcer.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { useFilters } from '../../parts/filters.tsx';
import { Form, TextField } from '../../parts/form.tsx';
import { Name } from '../../parts/name.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { healthOf } from './destination-rules.ts';
import styles from './destinations.module.css';
import { JoinInstructions, NewJoinToken, type JoinToken } from './join-token.tsx';

export function Connect(): ReactNode {
  const mayChange = useMay('admin');
  const filters = useFilters(['destination']);
  const [token, setToken] = useState<JoinToken>();
  const id = filters.values.destination;
  return (
    <Page
      title="Connect a cluster"
      up={{ text: 'Destinations', href: '/destinations' }}
      intro="A connector beside the cluster lets in whom you grant access, and nobody else. It dials out to this server: nothing is opened towards it."
    >
      {!mayChange ? (
        <Empty title="This is not for your role">To connect a cluster takes the role admin on infra.</Empty>
      ) : id === undefined ? (
        <NameIt
          onAdded={(added, shown) => {
            setToken(shown);
            filters.set('destination', added);
          }}
        />
      ) : (
        <Joining id={id} token={token} />
      )}
    </Page>
  );
}

function NameIt({ onAdded }: { readonly onAdded: (id: string, token: JoinToken) => void }): ReactNode {
  const [name, setName] = useState('');
  const adding = useAct(api.destinations.create, ({ destination, joinToken, expiresAt }) =>
    onAdded(destination.id, { joinToken, expiresAt }),
  );
  return (
    <Section title="1. What it is called">
      <Form onSubmit={() => adding.mutate({ body: { name } })} error={adding.error} fields={['name']}>
        <TextField
          label="Name"
          hint="Lower-case letters, digits and “-”, such as prod. Grants and kubeconfigs name it so."
          value={name}
          onChange={(text) => setName(text.trim())}
          refusal={fieldRefusals(adding.error).get('name')}
          isRequired
          autoFocus
        />
        <Command text={`infra destinations add ${name === '' ? 'NAME' : shellWord(name)}`} label="The same on the command line" />
        <div>
          <Button kind="main" submits isBusy={adding.isPending}>
            Add it and show the join token
          </Button>
        </div>
      </Form>
    </Section>
  );
}

function Joining({ id, token }: { readonly id: string; readonly token: JoinToken | undefined }): ReactNode {
  const found = useRead(api.destinations.get, { params: { id } }, { everyMilliseconds: 1000 });
  return (
    <Await of={found}>
      {(destination) => {
        const isOnline = healthOf(destination) === 'online';
        return (
          <>
            {!isOnline && <Join destination={destination} token={token} />}
            <Section title={isOnline ? '2. It is there' : '3. Wait for it'}>
              <Arrival destination={destination} />
            </Section>
            {isOnline && <FirstGrant name={destination.name} />}
          </>
        );
      }}
    </Await>
  );
}

function Join({
  destination: { id, name },
  token,
}: {
  readonly destination: Destination;
  readonly token: JoinToken | undefined;
}): ReactNode {
  return (
    <Section title="2. Start its connector">
      {token === undefined ? (
        <Empty title={`The join token of ${name} was shown once.`}>
          <NewJoinToken id={id} name={name} />
        </Empty>
      ) : (
        <JoinInstructions token={token} />
      )}
    </Section>
  );
}

function Arrival({ destination }: { readonly destination: Destination }): ReactNode {
  const { name, createdAt, connectors, discovery } = destination;
  const isOnline = healthOf(destination) === 'online';
  useEffect(() => {
    if (isOnline) announce(`${name} is online`);
  }, [isOnline, name]);
  if (!isOnline)
    return (
      <div className={styles.waiting} role="status">
        <Badge tone="warn">waiting</Badge>
        <span>
          {connectors.length === 0 ? (
            <>
              for the connector of <Name>{name}</Name>, since <Time at={createdAt} />. This page tells when it is there.
            </>
          ) : (
            <>
              A connector of <Name>{name}</Name> has joined and is not in contact now. Its log says why.
            </>
          )}
        </span>
      </div>
    );
  return (
    <div className={styles.waiting} role="status">
      <Badge tone="good">online</Badge>
      <span>
        <Link href={`/destinations/${destination.id}`}>
          <Name>{name}</Name>
        </Link>
        {discovery === null ? ' is looking around in its cluster' : <Name>{`, Kubernetes ${discovery.kubernetesVersion}`}</Name>}
      </span>
    </div>
  );
}

function FirstGrant({ name }: { readonly name: string }): ReactNode {
  return (
    <Section title="3. Let somebody in" intro="Nobody gets in before there is a grant.">
      <div>
        <ButtonLink href={`/access/new?resource=${encodeURIComponent(name)}`} kind="main">
          Make the first grant
        </ButtonLink>
      </div>
      <Command text={`infra grants add EMAIL --role view ${shellWord(name)}`} label="The same on the command line" />
    </Section>
  );
}
