/** Revocation as a visible fact: each connector's word that a change holds, as it comes in. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Acknowledgement } from '../../../shared/api/changes.ts';
import { api } from '../../../shared/api/index.ts';
import type { Change } from '../../../shared/api/values.ts';
import { call } from '../api/client.ts';
import { Badge } from './badge.tsx';
import { Name } from './name.tsx';
import { counted } from './words.ts';
import { Failed, Loading } from './states.tsx';
import { Time } from './time.tsx';
import styles from './acknowledgements.module.css';

const waitSeconds = 20;

/** Asks until all have enforced it: every question is held by the server until there is something to tell. */
function useAcknowledgements(revision: number) {
  return useQuery({
    queryKey: [api.changes.acknowledgements.name, revision],
    queryFn: async ({ signal, client }) => {
      const known = client.getQueryData<{ complete: boolean }>([api.changes.acknowledgements.name, revision]);
      // The first answer at once: who has not enforced it yet is worth seeing too.
      const query = { waitSeconds: known === undefined ? 0 : waitSeconds };
      return call(api.changes.acknowledgements, { params: { revision }, query }, { signal });
    },
    refetchInterval: ({ state }) => (state.data?.complete === true ? false : 100),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function Acknowledgements({ change }: { readonly change: Change }): ReactNode {
  if (change === null) return <p className={styles.none}>It holds now. No connector needs to know of it.</p>;
  return <Followed revision={change.revision} />;
}

function Followed({ revision }: { readonly revision: number }): ReactNode {
  const { data, error, refetch } = useAcknowledgements(revision);
  if (data === undefined)
    return error === null ? <Loading what="Asking the connectors" /> : <Failed error={error} onRetry={() => void refetch()} />;
  const { acknowledgements, complete } = data;
  const waiting = acknowledgements.filter(({ state }) => state === 'pending').length;
  return (
    <div className={styles.acknowledgements}>
      <p role="status" className={styles.sum}>
        {complete
          ? acknowledgements.length === 0
            ? 'It holds now. No connector needs to know of it.'
            : `It holds at every connector (${acknowledgements.length}).`
          : `Waiting for ${counted(waiting, 'connector')} of ${acknowledgements.length}.`}
      </p>
      {acknowledgements.length > 0 && (
        <ul className={styles.list}>
          {acknowledgements.map((each) => (
            <li key={`${each.destination.id} ${each.connectorId ?? ''} ${each.replica ?? ''}`} className={styles.item}>
              <Name>{each.destination.name}</Name>
              <Word of={each} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Word({ of }: { readonly of: Acknowledgement }): ReactNode {
  if (of.state === 'enforced')
    return (
      <span>
        <Badge tone="good">acknowledged{of.tookMilliseconds === null ? '' : ` in ${of.tookMilliseconds} ms`}</Badge>{' '}
        {counted(of.streamsClosed, 'stream')} closed
      </span>
    );
  return (
    <span>
      <Badge tone="warn">waiting</Badge>{' '}
      {of.connectorId === null ? (
        'no connector has joined yet'
      ) : of.lastSeenAt === null ? (
        'its connector was never heard of'
      ) : (
        <>
          last heard of <Time at={of.lastSeenAt} />
        </>
      )}
      {of.trueBy !== null && (
        <>
          {'; holds without its word '}
          <Time at={of.trueBy} />
        </>
      )}
    </span>
  );
}
