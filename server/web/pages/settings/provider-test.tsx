/** Trying an identity provider: step by step without anybody, and by a real login that opens nothing. */
import type { ReactNode } from 'react';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import { useAct } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Section } from '../../parts/page.tsx';
import { Failed, Loading } from '../../parts/states.tsx';
import { LoginTest } from './login-test.tsx';
import { Steps } from './test-steps.tsx';

export function ProviderTest({ of: { id, name } }: { readonly of: IdentityProvider }): ReactNode {
  const mayChange = useMay('admin');
  const testing = useAct(api.identityProviders.test);
  const beginning = useAct(api.providerLoginTests.begin);
  if (!mayChange) return null;
  return (
    <Section
      title="Try it"
      intro="The first asks it what can be asked without anybody. The second is a real login in a new tab: it opens nothing, and shows what came."
      actions={
        <>
          <Button onClick={() => testing.mutate({ params: { id } })} isBusy={testing.isPending}>
            Test step by step
          </Button>
          <Button onClick={() => beginning.mutate({ params: { id } })} isBusy={beginning.isPending}>
            Try a real login
          </Button>
        </>
      }
    >
      {testing.isPending && <Loading what="Asking it" />}
      {testing.error !== null && <Failed error={testing.error} />}
      {testing.isSuccess && <Steps label="What the test found" of={testing.data.steps} />}
      {beginning.error !== null && <Failed error={beginning.error} />}
      {beginning.isSuccess && <LoginTest key={beginning.data.id} provider={id} begun={beginning.data} />}
      <Command text={`infra providers test ${shellWord(name)} --login`} label="The same on the command line" />
    </Section>
  );
}
