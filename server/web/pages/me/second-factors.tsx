import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { SecondFactor } from '../../../../shared/api/second-factors.ts';
import { useRead } from '../../api/reads.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import { AddApp } from './add-app.tsx';
import { AddPasskey } from './add-passkey.tsx';
import { ProveMyself, RemoveFactor, RenewRecoveryCodes } from './factor-changes.tsx';

type Doing = { readonly what: 'app' | 'passkey' | 'prove' | 'codes' } | { readonly what: 'remove'; readonly factor: SecondFactor };

interface Row extends SecondFactor {
  readonly onRemove: () => void;
}

const columns: readonly Column<Row>[] = [
  { title: 'Kind', share: 2, cell: ({ kind }) => (kind === 'totp' ? 'app that shows codes' : 'passkey') },
  { title: 'Name', share: 2, cell: ({ name }) => (name === null ? '–' : <Name>{name}</Name>) },
  { title: 'Signs in alone', cell: ({ signsInAlone }) => (signsInAlone === null ? 'not known' : signsInAlone ? 'yes' : 'no') },
  { title: 'Added', share: 2, cell: ({ createdAt }) => <Time at={createdAt} /> },
  { title: 'Last used', share: 2, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} otherwise="never" /> },
  {
    title: 'Remove',
    cell: ({ kind, name, onRemove }) => (
      <Button kind="danger" onClick={onRemove} label={`Remove ${kind === 'totp' ? 'the app' : `the passkey ${name ?? ''}`}`}>
        Remove
      </Button>
    ),
  },
];

export function SecondFactors(): ReactNode {
  const found = useRead(api.secondFactors.list, {});
  const [doing, setDoing] = useState<Doing>();
  const close = (): void => setDoing(undefined);
  const factors = found.data?.items ?? [];
  return (
    <Section
      title="My second factors and passkeys"
      intro="Asked for after your password, and by grants that need a young proof. A passkey may sign you in alone."
      command="infra mfa list"
      actions={
        found.data !== undefined && (
          <>
            <Button onClick={() => setDoing({ what: 'passkey' })}>Add a passkey</Button>
            <Button onClick={() => setDoing({ what: 'app' })}>
              {factors.some(({ kind }) => kind === 'totp') ? 'Change the app' : 'Add an app'}
            </Button>
            {factors.length > 0 && <Button onClick={() => setDoing({ what: 'prove' })}>Prove it now</Button>}
            {factors.length > 0 && <Button onClick={() => setDoing({ what: 'codes' })}>New recovery codes</Button>}
          </>
        )
      }
    >
      <Await of={found}>
        {({ items, recoveryCodesLeft, atProvider }) => (
          <>
            <Rows
              label="My second factors"
              columns={columns}
              rows={items.map((factor) => ({ ...factor, onRemove: () => setDoing({ what: 'remove', factor }) }))}
              keyOf={({ id }) => id}
              empty={
                <Empty title="You have no second factor here.">
                  {atProvider === null ? (
                    'Your password alone opens the door. Add a passkey of this device, or an app that shows codes.'
                  ) : (
                    <>
                      <Name>{atProvider}</Name> asks for yours: signing in there anew proves it.
                    </>
                  )}
                </Empty>
              }
            />
            {items.length > 0 && (
              <p>
                {recoveryCodesLeft < 3 && <Badge tone="warn">few</Badge>} {counted(recoveryCodesLeft, 'recovery code')} left, each good once
                in place of a factor that is lost.
              </p>
            )}
          </>
        )}
      </Await>
      {doing?.what === 'app' && <AddApp factors={factors} onClose={close} />}
      {doing?.what === 'passkey' && <AddPasskey factors={factors} onClose={close} />}
      {doing?.what === 'prove' && <ProveMyself factors={factors} onClose={close} />}
      {doing?.what === 'codes' && <RenewRecoveryCodes factors={factors} onClose={close} />}
      {doing?.what === 'remove' && <RemoveFactor factor={doing.factor} factors={factors} onClose={close} />}
    </Section>
  );
}
