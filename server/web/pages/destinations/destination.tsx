import type { ReactNode } from 'react';
import { useLocation, useParams } from 'wouter';
import type { Destination as DestinationFacts } from '../../../../shared/api/destinations.ts';
import { api } from '../../../../shared/api/index.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { ButtonLink } from '../../parts/button.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Name } from '../../parts/name.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { Await } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { Connectors, Tunnels } from './connectors.tsx';
import { Grants } from './grants.tsx';
import { HealthOf, WholePathOf } from './health.tsx';
import { NewJoinToken } from './join-token.tsx';
import { Leases } from './leases.tsx';
import { Requests } from './requests.tsx';
import { Resources } from './resources.tsx';
import { Settings } from './settings.tsx';
import { Streams } from './streams.tsx';

const up = { text: 'Destinations', href: '/destinations' } as const;

export function Destination(): ReactNode {
  const { id = '' } = useParams();
  const found = useRead(api.destinations.get, { params: { id } });
  if (found.data === undefined)
    return (
      <Page title="Destination" up={up}>
        <Await of={found}>{() => null}</Await>
      </Page>
    );
  return <Await of={found}>{(destination) => <Found destination={destination} />}</Await>;
}

function Found({ destination }: { readonly destination: DestinationFacts }): ReactNode {
  const mayChange = useMay('admin');
  return (
    <Page
      title={destination.name}
      up={up}
      intro={<HealthOf destination={destination} />}
      actions={mayChange && <Actions destination={destination} />}
    >
      <Section title="What it is" command={`infra destinations show ${shellWord(destination.name)}`}>
        <Facts
          of={[
            { name: 'Kind', value: destination.kind },
            { name: 'Version', value: <Name>{destination.discovery?.kubernetesVersion ?? 'not known yet'}</Name> },
            { name: 'Path', value: <WholePathOf destination={destination} /> },
            { name: 'Added', value: <Time at={destination.createdAt} /> },
            { name: 'Id', value: <Copyable text={destination.id} what="the id" /> },
          ]}
        />
      </Section>
      <Connectors destination={destination} />
      <Tunnels destination={destination} />
      <Streams destination={destination} />
      <Leases destination={destination} />
      <Grants destination={destination} />
      <Requests destination={destination} />
      <Resources destination={destination} />
      <Settings destination={destination} />
    </Page>
  );
}

function Actions({ destination: { id, name } }: { readonly destination: DestinationFacts }): ReactNode {
  const [, navigate] = useLocation();
  return (
    <>
      <ButtonLink href={`/access/new?resource=${encodeURIComponent(name)}`} kind="main">
        Grant access
      </ButtonLink>
      <NewJoinToken id={id} name={name} />
      <TakeBack
        title={`Remove ${name}`}
        text="Remove"
        says={
          <p>
            Its grants and credentials end with it, and its connectors take away what they bound in the cluster. One added later under the
            same name is another destination: it begins with nothing.
          </p>
        }
        impact={{ destination: id }}
        act={api.destinations.remove}
        input={{ params: { id } }}
        changeOf={({ change }) => change}
        command={`infra destinations remove ${shellWord(name)} --wait`}
        onDone={() => navigate('/destinations')}
      />
    </>
  );
}
