/** Access keys as lists show them, and making and removing one: of one's own, and for admins of anybody. */
import { useState, type ReactNode } from 'react';
import type { AccessKey } from '../../../shared/api/access-keys.ts';
import { api } from '../../../shared/api/index.ts';
import { formatDuration } from '../../../shared/ttl.ts';
import { useAct } from '../api/reads.ts';
import { fieldRefusals } from '../api/refusal.ts';
import { Button } from './button.tsx';
import { Command, shellWord } from './command.tsx';
import { Actions, Dialog } from './dialog.tsx';
import { Form, SelectField, TextField, type Choice } from './form.tsx';
import { Name } from './name.tsx';
import type { Column } from './rows.tsx';
import { SecretOnce } from './secret-once.tsx';
import { TakeBack } from './take-back.tsx';
import { Time } from './time.tsx';

export const accessKeyColumns = {
  name: { title: 'Name', share: 2, cell: ({ name }) => <Name>{name}</Name> },
  owner: { title: 'Of', share: 3, cell: ({ identity }) => <Name>{identity.name}</Name> },
  ends: { title: 'Ends', share: 2, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  idle: { title: 'Idle limit', cell: ({ idleSeconds }) => (idleSeconds === null ? 'none' : formatDuration(idleSeconds)) },
  lastUsed: { title: 'Last used', share: 2, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} otherwise="never" /> },
  createdBy: { title: 'Made by', share: 3, cell: ({ createdBy }) => <Name>{createdBy}</Name> },
} as const satisfies Record<string, Column<AccessKey>>;

export const RemoveAccessKey = ({ of: { id, name, identity } }: { readonly of: AccessKey }): ReactNode => (
  <TakeBack
    title={`Remove the access key ${name} of ${identity.name}`}
    text="Remove"
    says="Its sessions and their credentials end with it. Programs that use it are refused from then on."
    act={api.accessKeys.remove}
    input={{ params: { id } }}
    changeOf={({ change }) => change}
    command={`infra keys remove ${id}`}
  />
);

const lives: readonly Choice<string>[] = [
  { value: '7', text: '7 days' },
  { value: '30', text: '30 days' },
  { value: '90', text: '90 days' },
  { value: '365', text: '365 days' },
];
const idleLimits: readonly Choice<string>[] = [
  { value: '0', text: 'None' },
  { value: '1', text: '1 day' },
  { value: '7', text: '7 days' },
  { value: '30', text: '30 days' },
];
const daySeconds = 86_400;

export interface NewAccessKeyProps {
  readonly onClose: () => void;
  /** With the field that says whose it is. */
  readonly isForAnybody?: boolean;
}

export function NewAccessKey({ onClose, isForAnybody = false }: NewAccessKeyProps): ReactNode {
  const [name, setName] = useState('');
  const [identity, setIdentity] = useState('');
  const [days, setDays] = useState('30');
  const [idleDays, setIdleDays] = useState('0');
  const making = useAct(api.accessKeys.create);
  const refusals = fieldRefusals(making.error);
  if (making.isSuccess) return <Made of={making.data.accessKey} secret={making.data.secret} onClose={onClose} />;
  const idle = Number(idleDays) * daySeconds;
  const body = {
    name,
    expiresInSeconds: Number(days) * daySeconds,
    ...(identity.trim() === '' ? {} : { identity: identity.trim() }),
    ...(idle === 0 ? {} : { idleSeconds: idle }),
  };
  const whose = body.identity === undefined ? '' : ` --for ${shellWord(body.identity)}`;
  const limit = idle === 0 ? '' : ` --idle ${idleDays}d`;
  return (
    <Dialog title="Make an access key" onClose={onClose}>
      <Form onSubmit={() => making.mutate({ body })} error={making.error} fields={['name', 'identity', 'expiresInSeconds', 'idleSeconds']}>
        <TextField
          label="Name"
          hint="What it is for, such as ci."
          value={name}
          onChange={setName}
          refusal={refusals.get('name')}
          isRequired
          autoFocus
        />
        {isForAnybody && (
          <TextField
            label="Of"
            hint="An email, or workload:NAME. Without it, of yourself."
            value={identity}
            onChange={setIdentity}
            refusal={refusals.get('identity')}
          />
        )}
        <SelectField label="It ends after" value={days} choices={lives} onChange={setDays} refusal={refusals.get('expiresInSeconds')} />
        <SelectField
          label="And when it was not used for"
          value={idleDays}
          choices={idleLimits}
          onChange={setIdleDays}
          refusal={refusals.get('idleSeconds')}
        />
        <Command
          text={`infra keys add ${shellWord(name || 'NAME')}${whose} --expires-in ${days}d${limit}`}
          label="The same on the command line"
        />
        <Actions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" submits isBusy={making.isPending}>
            Make it
          </Button>
        </Actions>
      </Form>
    </Dialog>
  );
}

const Made = ({
  of: { name, identity },
  secret,
  onClose,
}: {
  readonly of: AccessKey;
  readonly secret: string;
  readonly onClose: () => void;
}): ReactNode => (
  <Dialog title={`The access key ${name} of ${identity.name}`} onClose={onClose}>
    <SecretOnce secret={secret} what="the access key" />
    <Command text={`infra login ${shellWord(location.origin)} --key-stdin < FILE`} label="A program logs in with the file that holds it" />
    <Actions>
      <Button kind="main" onClick={onClose}>
        I have it
      </Button>
    </Actions>
  </Dialog>
);
