/** What is set at a destination, and the form that changes it. */
import { useState, type ReactNode } from 'react';
import type { Destination, DestinationSettings } from '../../../../shared/api/destinations.ts';
import { api } from '../../../../shared/api/index.ts';
import { formatDuration, parseDuration } from '../../../../shared/ttl.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { useAct } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Acknowledgements } from '../../parts/acknowledgements.tsx';
import { announce } from '../../parts/announcer.tsx';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Form, SelectField, TextField } from '../../parts/form.tsx';
import { Facts, Section } from '../../parts/page.tsx';

const auditModes = [
  { value: 'required', text: 'required: refuse what cannot be recorded' },
  { value: 'bestEffort', text: 'bestEffort: go on, drop the oldest lines and say how many' },
] as const;

export function Settings({ destination }: { readonly destination: Destination }): ReactNode {
  const { settings } = destination;
  const mayChange = useMay('admin');
  const [isOpen, setOpen] = useState(false);
  return (
    <Section title="Settings" actions={mayChange && <Button onClick={() => setOpen(true)}>Change settings</Button>}>
      <Facts
        of={[
          {
            name: 'Life of a credential',
            value: settings.leaseTtlSeconds === null ? 'as the server sets' : formatDuration(settings.leaseTtlSeconds),
          },
          {
            name: 'Staleness limit',
            value: `${formatDuration(settings.stalenessLimitSeconds)} without the server, then it refuses everybody`,
          },
          { name: 'Audit', value: auditModes.find(({ value }) => value === settings.auditMode)?.text },
          { name: 'User prefix', value: <code>{settings.userPrefix}</code> },
        ]}
      />
      {isOpen && <ChangeSettings destination={destination} onClose={() => setOpen(false)} />}
    </Section>
  );
}

interface Draft {
  readonly leaseLife: string;
  readonly stalenessLimit: string;
  readonly auditMode: DestinationSettings['auditMode'];
  readonly userPrefix: string;
}

const draftOf = ({ leaseTtlSeconds, stalenessLimitSeconds, auditMode, userPrefix }: DestinationSettings): Draft => ({
  leaseLife: leaseTtlSeconds === null ? '' : formatDuration(leaseTtlSeconds),
  stalenessLimit: formatDuration(stalenessLimitSeconds),
  auditMode,
  userPrefix,
});

type Patch = { -readonly [Key in keyof DestinationSettings]?: DestinationSettings[Key] };

/** What differs from what is set. A text that is no duration is asked for as 0, which the server's rule refuses with its own words. */
function patchOf(draft: Draft, settings: DestinationSettings): Patch {
  const before = draftOf(settings);
  const patch: Patch = {};
  if (draft.leaseLife !== before.leaseLife) patch.leaseTtlSeconds = draft.leaseLife === '' ? null : (parseDuration(draft.leaseLife) ?? 0);
  if (draft.stalenessLimit !== before.stalenessLimit) patch.stalenessLimitSeconds = parseDuration(draft.stalenessLimit) ?? 0;
  if (draft.auditMode !== before.auditMode) patch.auditMode = draft.auditMode;
  if (draft.userPrefix !== before.userPrefix) patch.userPrefix = draft.userPrefix;
  return patch;
}

function commandOf(name: string, draft: Draft, patch: Patch): string {
  const options = [
    ...(patch.leaseTtlSeconds === undefined ? [] : ['--lease-life', draft.leaseLife === '' ? 'default' : shellWord(draft.leaseLife)]),
    ...(patch.stalenessLimitSeconds === undefined ? [] : ['--staleness-limit', shellWord(draft.stalenessLimit)]),
    ...(patch.auditMode === undefined ? [] : ['--audit', patch.auditMode]),
    ...(patch.userPrefix === undefined ? [] : ['--user-prefix', shellWord(draft.userPrefix)]),
  ];
  return ['infra destinations change', shellWord(name), ...options].join(' ');
}

function ChangeSettings({ destination, onClose }: { readonly destination: Destination; readonly onClose: () => void }): ReactNode {
  const { id, name } = destination;
  // As they were when the dialog opened: what somebody else changes meanwhile is not changed back.
  const [settings] = useState(destination.settings);
  const [draft, setDraft] = useState(() => draftOf(settings));
  const changing = useAct(api.destinations.update, () => announce(`Settings of ${name} are changed`));
  const patch = patchOf(draft, settings);
  const isSame = Object.keys(patch).length === 0;
  const set = (change: Partial<Draft>): void => setDraft({ ...draft, ...change });
  if (changing.isSuccess)
    return (
      <Dialog title={`Settings of ${name}`} onClose={onClose}>
        <Acknowledgements change={changing.data.change} />
        <Actions>
          <Button kind="main" onClick={onClose}>
            Close
          </Button>
        </Actions>
      </Dialog>
    );
  return (
    <Dialog title={`Settings of ${name}`} onClose={onClose}>
      <Form
        onSubmit={() => (isSame ? onClose() : changing.mutate({ params: { id }, body: patch }))}
        error={changing.error}
        fields={['leaseTtlSeconds', 'stalenessLimitSeconds', 'auditMode', 'userPrefix']}
      >
        <Fields draft={draft} set={set} error={changing.error} />
        <Command text={commandOf(name, draft, patch)} label="The same on the command line" />
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" submits isBusy={changing.isPending}>
            Save
          </Button>
        </Actions>
      </Form>
    </Dialog>
  );
}

function Fields({
  draft,
  set,
  error,
}: {
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly error: unknown;
}): ReactNode {
  const refusals = fieldRefusals(error);
  return (
    <>
      <TextField
        label="Life of a credential"
        hint="5m to 24h, such as 15m; empty: as the server sets. Those that are out keep theirs."
        value={draft.leaseLife}
        onChange={(leaseLife) => set({ leaseLife: leaseLife.trim() })}
        refusal={refusals.get('leaseTtlSeconds')}
        autoFocus
      />
      <TextField
        label="Staleness limit"
        hint="1m to 24h. Without contact to the server for longer, the connector refuses everybody and ends what is open."
        value={draft.stalenessLimit}
        onChange={(stalenessLimit) => set({ stalenessLimit: stalenessLimit.trim() })}
        refusal={refusals.get('stalenessLimitSeconds')}
        isRequired
      />
      <SelectField
        label="Audit"
        hint="When a request can be neither delivered to the server’s audit log nor kept at the connector."
        value={draft.auditMode}
        onChange={(auditMode) => set({ auditMode })}
        choices={auditModes}
        refusal={refusals.get('auditMode')}
      />
      <TextField
        label="User prefix"
        hint="Stands before the email of a person in the cluster, so that no name there is theirs by accident."
        value={draft.userPrefix}
        onChange={(userPrefix) => set({ userPrefix })}
        refusal={refusals.get('userPrefix')}
        isRequired
      />
    </>
  );
}
