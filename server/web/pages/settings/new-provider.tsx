/** Connecting an identity provider: what to make there, and what that gives for here. */
import { useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { providerKind, type ProviderKind } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import { useAct, useRead } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { useMay } from '../../api/session.tsx';
import { announce } from '../../parts/announcer.tsx';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Actions } from '../../parts/dialog.tsx';
import { useFilters } from '../../parts/filters.tsx';
import { Form, SelectField, TextField } from '../../parts/form.tsx';
import { forView } from '../../parts/for-view.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { creation, creationCommand, newDraft } from './provider-draft.ts';
import { ProviderFields, refusalsByField, shownPaths } from './provider-fields.tsx';
import { guides, kindWords } from './provider-words.ts';
import { Registration } from './registration.tsx';
import styles from './settings.module.css';

const kinds = (['okta', 'azure', 'google', 'oidc'] as const).map((value) => ({ value, text: kindWords[value] }));

export const NewProvider = forView('Connect an identity provider', WholeNewProvider);

function WholeNewProvider(): ReactNode {
  const filters = useFilters(['kind']);
  const kind = providerKind.safeParse(filters.values.kind).data ?? 'okta';
  const mayChange = useMay('admin');
  return (
    <Page
      title="Connect an identity provider"
      up={{ text: 'Identity providers', href: '/settings/providers' }}
      intro="Make a client for infra there, then say here how it is called. Nothing of it opens anything before it is granted something."
    >
      {mayChange ? (
        <>
          <div className={styles.form}>
            <SelectField label="What is it" value={kind} choices={kinds} onChange={(value) => filters.set('kind', value)} />
          </div>
          <Guided key={kind} kind={kind} />
        </>
      ) : (
        <Empty title="This is not for your role">Connecting an identity provider takes the role admin on infra.</Empty>
      )}
    </Page>
  );
}

function Guided({ kind }: { readonly kind: ProviderKind }): ReactNode {
  const [draft, setDraft] = useState(() => newDraft(kind));
  const [, navigate] = useLocation();
  const server = useRead(api.server.info, {});
  const creating = useAct(api.identityProviders.create, ({ id, name }) => {
    announce(`${name} is connected`);
    navigate(`/settings/providers/${id}`);
  });
  const refusals = refusalsByField(fieldRefusals(creating.error));
  const set = (change: Partial<typeof draft>): void => setDraft((before) => ({ ...before, ...change }));
  const { steps, groups } = guides[kind];
  return (
    <>
      <Section title={`At ${kindWords[kind]}`}>
        <ol className={styles.steps}>
          {[...steps, ...groups.map((step) => `For groups: ${step}`)].map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        <Await of={server}>{({ publicUrl }) => <Registration publicUrl={publicUrl} name={draft.name.trim() || 'NAME'} />}</Await>
      </Section>
      <Section title="Here">
        <div className={styles.form}>
          <Form
            onSubmit={() => creating.mutate({ body: creation(draft) })}
            error={creating.error}
            fields={shownPaths(fieldRefusals(creating.error))}
          >
            <TextField
              label="Name"
              hint="Lower-case letters, digits and “-”. It stands before its groups and in the redirect URI, and stays for good."
              value={draft.name}
              onChange={(name) => set({ name })}
              refusal={refusals.get('name')}
              isRequired
            />
            <ProviderFields draft={draft} set={set} refusals={refusals} isNew />
            <Command text={creationCommand(draft)} label="The same on the command line" />
            <Actions>
              <ButtonLink href="/settings/providers">Cancel</ButtonLink>
              <Button kind="main" submits isBusy={creating.isPending}>
                {creating.isPending ? 'Asking it …' : 'Connect it'}
              </Button>
            </Actions>
          </Form>
        </div>
      </Section>
    </>
  );
}
