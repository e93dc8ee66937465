/** How long sessions and credentials live, and what second factors are asked for: to be read here, and set where the server runs. */
import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { ServerSettings } from '../../../../shared/api/settings.ts';
import { formatDuration } from '../../../../shared/ttl.ts';
import { useRead } from '../../api/reads.ts';
import { forView } from '../../parts/for-view.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { Await } from '../../parts/states.tsx';
import { SettingsNav } from './settings-nav.tsx';

export const Settings = forView('Settings', WholeSettings);

function WholeSettings(): ReactNode {
  const found = useRead(api.settings.get, {});
  return (
    <Page title="Settings" intro="Sessions, credentials and second factors, as this server was started with.">
      <SettingsNav />
      <Await of={found}>
        {(settings) => (
          <>
            <Times of={settings} />
            <SignIn of={settings} />
            <SecondFactorRules of={settings} />
          </>
        )}
      </Await>
    </Page>
  );
}

/** In the words of the server's settings file. */
const WhereSet = ({ keys }: { readonly keys: readonly string[] }): ReactNode => (
  <>
    Set where the server runs, by{' '}
    {keys.map((key, index) => (
      <span key={key}>
        {index > 0 && (index === keys.length - 1 ? ' and ' : ', ')}
        <code>{key}</code>
      </span>
    ))}
    : flag, environment variable or key of its file.
  </>
);

interface Props {
  readonly of: ServerSettings;
}

const Times = ({ of: { session, leaseTtlSeconds } }: Props): ReactNode => (
  <Section title="Sessions and credentials" intro={<WhereSet keys={['session.lifetime', 'session.idle', 'lease.ttl']} />}>
    <Facts
      of={[
        { name: 'A session lives', value: formatDuration(session.lifetimeSeconds) },
        {
          name: 'It ends unused after',
          value: session.idleSeconds === null ? 'no idle limit' : formatDuration(session.idleSeconds),
        },
        { name: 'A credential lives', value: `${formatDuration(leaseTtlSeconds)}, where a destination does not say otherwise` },
      ]}
    />
  </Section>
);

const SignIn = ({ of: { deviceLogin, passkeyLogin, mail } }: Props): ReactNode => (
  <Section title="Ways to sign in" intro={<WhereSet keys={['deviceLogin', 'passkeyLogin', 'mail']} />}>
    <Facts
      of={[
        { name: 'By a code, for terminals without a browser', value: deviceLogin ? 'open' : 'closed' },
        { name: 'By a passkey alone', value: passkeyLogin ? 'open' : 'closed: the password comes first' },
        { name: 'Resetting a password by mail', value: mail ? 'possible' : 'not possible: no mail server is set' },
      ]}
    />
  </Section>
);

const SecondFactorRules = ({ of: { passkeyLogin } }: Props): ReactNode => (
  <Section
    title="Second factors"
    intro="Asked for by grants, not by one switch for all: each grant says how young the proof must be, and a grant without that asks for none."
    command="infra grants add SUBJECT --role ROLE RESOURCE --mfa 15m"
  >
    <Facts
      of={[
        { name: 'After a password', value: 'always, of whoever has added one' },
        { name: 'For a grant with a proof', value: 'proven in the session, no longer ago than the grant says (1m to 24h)' },
        { name: 'A passkey alone', value: passkeyLogin ? 'counts as a proven second factor' : 'is not taken' },
        { name: 'Those of an identity provider', value: 'count where its page here says so' },
      ]}
    />
  </Section>
);
