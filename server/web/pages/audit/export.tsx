/** Everything that the filters find, into a file: one event a line (NDJSON), read page by page by this browser. */
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { systemClock, toTime } from '../../../../shared/clock.ts';
import { Button } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Actions, Dialog } from '../../parts/dialog.tsx';
import { Failed } from '../../parts/states.tsx';
import { counted } from '../../parts/words.ts';
import { commandOf, type AuditQuery } from './audit-query.ts';
import { readAll } from './read-all.ts';

type State =
  | { readonly step: 'asked' }
  | { readonly step: 'reading'; readonly count: number; readonly back: string | undefined }
  | { readonly step: 'done'; readonly count: number; readonly url: string; readonly isWhole: boolean }
  | { readonly step: 'failed'; readonly error: unknown };

export function Export({ query, onClose }: { readonly query: AuditQuery; readonly onClose: () => void }): ReactNode {
  const [state, setState] = useState<State>({ step: 'asked' });
  const [fileName] = useState(() => `infra-audit-${toTime(systemClock.now()).slice(0, 19).replaceAll(':', '')}Z.ndjson`);
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  useEffect(() => {
    if (state.step !== 'done') return undefined;
    return () => URL.revokeObjectURL(state.url);
  }, [state]);
  const begin = async (): Promise<void> => {
    stop.current = new AbortController();
    const { signal } = stop.current;
    setState({ step: 'reading', count: 0, back: undefined });
    try {
      const { pages, count, isWhole } = await readAll(query, signal, (progress) => setState({ step: 'reading', ...progress }));
      setState({ step: 'done', count, isWhole, url: URL.createObjectURL(new Blob(pages, { type: 'application/x-ndjson' })) });
    } catch (error) {
      setState({ step: 'failed', error });
    }
  };
  return (
    <Dialog title="Export audit events" onClose={onClose}>
      {state.step === 'asked' && <p>All that the filters find, newest first, one event a line as JSON. It is read page by page.</p>}
      {state.step === 'reading' && (
        <p role="status">
          {counted(state.count, 'event')} so far{state.back === undefined ? '' : `, back to ${state.back}`} …
        </p>
      )}
      {state.step === 'done' && (
        <p role="status">
          {state.isWhole ? 'All' : 'Stopped:'} {counted(state.count, 'event')} {state.isWhole ? 'that the filters find.' : 'were read.'}
        </p>
      )}
      {state.step === 'failed' && <Failed error={state.error} onRetry={() => void begin()} />}
      <Command text={`${commandOf('export', query)} > ${fileName}`} label="The same on the command line" />
      <Actions>
        {state.step === 'reading' ? (
          <Button onClick={() => stop.current.abort()}>Stop</Button>
        ) : (
          <Button onClick={onClose}>{state.step === 'done' ? 'Close' : 'Cancel'}</Button>
        )}
        {state.step === 'asked' && (
          <Button kind="main" onClick={() => void begin()}>
            Begin
          </Button>
        )}
        {state.step === 'done' && <SaveLink url={state.url} fileName={fileName} />}
      </Actions>
    </Dialog>
  );
}

/** A link, so that the browser itself saves what it points at. */
const SaveLink = ({ url, fileName }: { readonly url: string; readonly fileName: string }): ReactNode => (
  <a href={url} download={fileName}>
    Save {fileName}
  </a>
);
