/** What the server is, and the authorities that it signs with. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { AuthorityCertificate, ServerSettings } from '../../../../shared/api/settings.ts';
import { fromTime } from '../../../../shared/clock.ts';
import { useRead } from '../../api/reads.ts';
import { Badge } from '../../parts/badge.tsx';
import { Copyable, CopyButton } from '../../parts/copy.tsx';
import { forView } from '../../parts/for-view.tsx';
import { Name } from '../../parts/name.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Time, useNow } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import { SettingsNav } from './settings-nav.tsx';
import styles from './settings.module.css';

export const Server = forView('Server and authorities', WholeServer);

function WholeServer(): ReactNode {
  const found = useRead(api.settings.get, {});
  return (
    <Page title="Settings" intro="This server: what it runs, how it is reached, and what it signs with.">
      <SettingsNav />
      <Await of={found}>
        {(settings) => (
          <>
            <About of={settings} />
            <Reached of={settings} />
            <Authorities of={settings.authorities} />
          </>
        )}
      </Await>
    </Page>
  );
}

interface Props {
  readonly of: ServerSettings;
}

function Health(): ReactNode {
  const { data, error } = useQuery({
    queryKey: ['health'],
    queryFn: async () => (await fetch('/readyz', { cache: 'no-store' })).ok,
    refetchInterval: 10_000,
  });
  if (error !== null) return <Badge tone="alarm">does not answer</Badge>;
  if (data === undefined) return '…';
  return data ? <Badge tone="good">ready</Badge> : <Badge tone="warn">not ready: it begins or ends</Badge>;
}

const About = ({ of: { version, commit, startedAt, trustDomain } }: Props): ReactNode => (
  <Section title="About">
    <Facts
      of={[
        { name: 'Version', value: version },
        { name: 'Commit', value: <Copyable text={commit} what="the commit" /> },
        { name: 'Runs since', value: <Time at={startedAt} /> },
        { name: 'Health', value: <Health /> },
        { name: 'Trust domain', value: <Name isWhole>{trustDomain}</Name> },
      ]}
    />
  </Section>
);

const Reached = ({ of: { publicUrl, relay, trustedProxies, proxyProtocol } }: Props): ReactNode => (
  <Section
    title="How it is reached"
    intro={
      <>
        Set where the server runs, by <code>publicUrl</code>, <code>relay</code>, <code>trustedProxies</code> and <code>proxyProtocol</code>
        .
      </>
    }
  >
    <Facts
      of={[
        { name: 'Address', value: <Copyable text={publicUrl} what="the address" /> },
        { name: 'Relay', value: <Copyable text={relay.address} what="the relay’s address" /> },
        { name: 'Streams by the relay', value: `${relay.streams} to one destination at a time` },
        {
          name: 'Proxies before it',
          value: trustedProxies === 0 ? 'none that counts' : `${counted(trustedProxies, 'network')} whose word on addresses counts`,
        },
        { name: 'PROXY protocol', value: proxyProtocol ? 'spoken before it' : 'not spoken' },
      ]}
    />
  </Section>
);

const Authorities = ({ of }: { readonly of: readonly AuthorityCertificate[] }): ReactNode => (
  <Section
    title="Certificates of the authorities"
    intro="The root is what people’s machines pin at their first login. Keys never leave the server."
  >
    {of.length === 0 ? (
      <Empty title="There is no certificate." />
    ) : (
      <ul className={styles.list}>
        {of.map((each) => (
          <li key={each.id} className={styles.card}>
            <Authority of={each} />
          </li>
        ))}
      </ul>
    )}
  </Section>
);

const soonMilliseconds = 30 * 86_400_000;

function Authority({ of }: { readonly of: AuthorityCertificate }): ReactNode {
  const { kind, name, state, fingerprint, notBefore, notAfter, certificate } = of;
  const now = useNow();
  const left = fromTime(notAfter) - now;
  const url = usePem(certificate);
  return (
    <>
      <h3>
        <Name>{name}</Name>
        <Badge tone={state === 'active' ? 'good' : 'plain'}>{state === 'active' ? 'signs' : 'verifies only'}</Badge>
        {left < soonMilliseconds && <Badge tone={left < 0 ? 'alarm' : 'warn'}>{left < 0 ? 'ended' : 'ends soon'}</Badge>}
      </h3>
      <Facts
        of={[
          { name: 'Kind', value: kind },
          { name: 'Holds from', value: <Time at={notBefore} /> },
          { name: 'Ends', value: <Time at={notAfter} /> },
          { name: 'Fingerprint', value: <Copyable text={fingerprint} what={`the fingerprint of ${name}`} /> },
          {
            name: 'Certificate',
            value: (
              <>
                <a href={url} download={`infra-${kind}-${fingerprint.slice(7, 15)}.pem`} aria-label={`Download PEM of ${name}`}>
                  Download PEM
                </a>{' '}
                <CopyButton text={certificate} what={`the certificate of ${name}`} />
              </>
            ),
          },
        ]}
      />
    </>
  );
}

/** An address of this page's own for as long as it is shown. */
function usePem(certificate: string): string {
  const url = useMemo(() => URL.createObjectURL(new Blob([certificate], { type: 'application/x-pem-file' })), [certificate]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return url;
}
