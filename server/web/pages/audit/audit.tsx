/** What happened, as it happens, and everything before. */
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { useLive } from '../../api/live.ts';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { useFilters } from '../../parts/filters.tsx';
import { forView } from '../../parts/for-view.tsx';
import { Name } from '../../parts/name.tsx';
import { Page } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty, Loading } from '../../parts/states.tsx';
import { Time, useNow } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import { AuditFilters } from './audit-filters.tsx';
import styles from './audit.module.css';
import { commandOf, filterNames } from './audit-query.ts';
import { Export } from './export.tsx';
import { Outcome, Sentence } from './sentence.tsx';
import { useTail, type Tail, type TailRow } from './use-tail.ts';

const newMilliseconds = 20_000;

function New({ cameAt }: TailRow): ReactNode {
  const now = useNow();
  return cameAt !== null && now - cameAt < newMilliseconds && <Badge tone="accent">new</Badge>;
}

const columns: readonly Column<TailRow>[] = [
  {
    title: 'When',
    share: 2,
    cell: (row) => (
      <>
        <Time at={row.event.at} /> <New {...row} />
      </>
    ),
  },
  {
    title: 'What',
    share: 8,
    cell: ({ event }) => (
      <>
        <Link href={`/audit/${event.id}`} className={styles.sentence}>
          <Sentence of={event} />
        </Link>
        <span className={styles.quiet}>
          {event.event}
          {event.source !== null && (
            <>
              {' from '}
              <Name>{event.source.address}</Name>
            </>
          )}
        </span>
      </>
    ),
  },
  { title: 'Outcome', cell: ({ event }) => <Outcome of={event.outcome} /> },
];

export const Audit = forView('Audit', WholeAudit);

function WholeAudit(): ReactNode {
  const filters = useFilters(filterNames);
  const [isPaused, setPaused] = useState(false);
  const [isExporting, setExporting] = useState(false);
  const tail = useTail(filters.values, isPaused);
  const now = useNow();
  const isOpen = filters.values.until === undefined;
  return (
    <Page
      title="Audit"
      intro="Who did what, when, from where, with which result. Nothing here can be changed."
      actions={
        <>
          {isOpen && (
            <Button onClick={() => setPaused(!isPaused)} label={isPaused ? 'Go on with new events' : 'Pause new events'}>
              {isPaused ? 'Go on' : 'Pause'}
            </Button>
          )}
          <Button onClick={() => setExporting(true)}>Export</Button>
        </>
      }
    >
      <AuditFilters filters={filters} />
      <Liveness isOpen={isOpen} isPaused={isPaused} tail={tail} />
      <List
        label="Audit events"
        of={{ ...tail, isOutdated: false, retry: tail.restart }}
        columns={columns}
        keyOf={({ event }) => event.id}
        isNew={({ cameAt }) => cameAt !== null && now - cameAt < newMilliseconds}
        empty={
          tail.hasMore ? (
            <Loading what="Looking further back" />
          ) : (
            <Empty title={filters.isAny ? 'Nothing is found by that.' : 'Nothing has happened yet.'} />
          )
        }
      />
      <Command text={commandOf('list', filters.values)} label="The same on the command line" />
      {isExporting && <Export query={filters.values} onClose={() => setExporting(false)} />}
    </Page>
  );
}

function Liveness({ isOpen, isPaused, tail }: { readonly isOpen: boolean; readonly isPaused: boolean; readonly tail: Tail }): ReactNode {
  const live = useLive();
  if (tail.isBehind)
    return (
      <div className={styles.liveness}>
        <Badge tone="warn">behind</Badge> More came in than is shown here. <Button onClick={tail.restart}>Show the newest</Button>
      </div>
    );
  const state = !isOpen ? 'ended' : isPaused ? 'paused' : live;
  const words = {
    ended: 'Up to the time that is asked for; nothing new comes in.',
    paused: 'Paused: what happens now comes in when you go on.',
    live: 'New events come in by themselves.',
    polling: 'New events come in every few seconds.',
    offline: 'The server does not answer; new events come in when it does.',
  } as const;
  return (
    <p className={styles.liveness} data-tail={state}>
      <Badge tone={state === 'live' ? 'good' : 'plain'}>{state}</Badge> {words[state]}
      {tail.cameIn > 0 && ` ${counted(tail.cameIn, 'event')} came in since you are here.`}
    </p>
  );
}
