/** Who gets which role where, until when and on which terms; what would change is asked for while somebody types. */
import { useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { serverResource } from '../../../../shared/resource-name.ts';
import { useAct } from '../../api/reads.ts';
import { announce } from '../../parts/announcer.tsx';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Actions } from '../../parts/dialog.tsx';
import { Form, TextField } from '../../parts/form.tsx';
import { Columns, Section } from '../../parts/page.tsx';
import { Empty, Failed } from '../../parts/states.tsx';
import { followedPath } from './grant-words.ts';
import { Preview } from './preview.tsx';
import { refusalsByField } from './refusals.ts';
import { useResourceSuggestions, useRoleSuggestions, useSubjectSuggestions } from './suggestions.ts';
import { EndField, ReasonField, SecondFactorField } from './terms-fields.tsx';
import { usePreview, type Foreseen } from './use-preview.ts';
import { addCommand, bodyOf, type Wish } from './wish.ts';
import styles from './access.module.css';

type FieldName = 'subject' | 'role' | 'resource' | 'until' | 'mfaSeconds' | 'reason';
const fields: readonly FieldName[] = ['subject', 'role', 'resource', 'until', 'mfaSeconds', 'reason'];

export function GrantForm({ first }: { readonly first: Wish }): ReactNode {
  const [wish, setWish] = useState(first);
  const [isTimeMissing, setTimeMissing] = useState(false);
  const [, navigate] = useLocation();
  const adding = useAct(api.grants.create, ({ grant, change }) => {
    announce('The grant is added');
    navigate(followedPath(grant.id, change));
  });
  const preview = usePreview(wish);
  const refusals = refusalsByField(adding.error);
  /** The last try's word until something is changed; then what is foreseen. */
  const refusalOf = (field: FieldName): string | undefined =>
    refusals.get(field) ??
    (field === 'until' && isTimeMissing ? 'Choose a time, or no end.' : undefined) ??
    (preview.isOlder ? undefined : preview.data?.problems.find((problem) => problem.field === field)?.message);
  const set = (changed: Partial<Wish>): void => {
    setWish({ ...wish, ...changed });
    setTimeMissing(false);
    if (!adding.isPending) adding.reset();
  };
  const submit = (): void => {
    if (adding.isPending) return;
    const body = bodyOf(wish, systemClock.now());
    if (body === undefined) setTimeMissing(true);
    else adding.mutate({ body });
  };
  return (
    <>
      <Columns>
        <Form onSubmit={submit} error={refusals.size > 0 ? null : adding.error}>
          <WhoAndWhere wish={wish} set={set} refusalOf={refusalOf} />
          <EndField end={wish.end} onChange={(end) => set({ end })} refusal={refusalOf('until')} />
          <SecondFactorField seconds={wish.mfaSeconds} onChange={(mfaSeconds) => set({ mfaSeconds })} refusal={refusalOf('mfaSeconds')} />
          <ReasonField reason={wish.reason} onChange={(reason) => set({ reason })} refusal={refusalOf('reason')} />
          <Actions>
            <ButtonLink href="/access">Cancel</ButtonLink>
            <Button kind="main" submits isBusy={adding.isPending}>
              {adding.isPending ? 'Adding …' : 'Add the grant'}
            </Button>
          </Actions>
        </Form>
        <Section title="What changes">
          <WhatChanges of={preview} />
        </Section>
      </Columns>
      <Command text={addCommand(wish)} label="The same on the command line" />
    </>
  );
}

function WhatChanges({ of: preview }: { readonly of: Foreseen }): ReactNode {
  // What is wrong with a field stands at the field.
  if (preview.error !== null && refusalsByField(preview.error).size === 0) return <Failed error={preview.error} onRetry={preview.retry} />;
  if (preview.data !== undefined) return <Preview of={preview.data} fields={fields} isOlder={preview.isOlder} />;
  return (
    <Empty title="Nothing to foresee yet.">Say who, where and as what: whom it would give something is told here before it is added.</Empty>
  );
}

interface WhoAndWhereProps {
  readonly wish: Wish;
  readonly set: (changed: Partial<Wish>) => void;
  readonly refusalOf: (field: FieldName) => string | undefined;
}

function WhoAndWhere({ wish, set, refusalOf }: WhoAndWhereProps): ReactNode {
  const subjects = useSubjectSuggestions(wish.subject);
  const resources = useResourceSuggestions(wish.resource);
  const roles = useRoleSuggestions(wish.resource);
  return (
    <div className={styles.form}>
      <TextField
        label="Who"
        hint="An email, group:NAME or workload:NAME"
        value={wish.subject}
        onChange={(subject) => set({ subject })}
        suggestions={subjects}
        refusal={refusalOf('subject')}
        isRequired
      />
      <TextField
        label="Resource"
        hint="A destination, a part of it as DESTINATION.NAMESPACE, or infra for rights on the server itself"
        value={wish.resource}
        onChange={(resource) => set({ resource })}
        suggestions={resources}
        refusal={refusalOf('resource')}
        isRequired
      />
      <TextField
        label="Role"
        hint={
          wish.resource.trim() === serverResource
            ? 'view or admin'
            : 'A ClusterRole such as view, role/NAME in a namespace, connect, or impersonate:user:NAME for kubectl --as'
        }
        value={wish.role}
        onChange={(role) => set({ role })}
        suggestions={roles}
        refusal={refusalOf('role')}
        isRequired
      />
    </div>
  );
}
