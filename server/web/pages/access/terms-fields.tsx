/** The terms of a grant, as new ones and changed ones have them: its end, a second factor, a reason. */
import type { ReactNode } from 'react';
import { formatDuration } from '../../../../shared/ttl.ts';
import { SelectField, TextField, type Choice } from '../../parts/form.tsx';
import type { End, EndChoice } from './end-of-grant.ts';

const quickEnds: readonly Choice<EndChoice>[] = [
  { value: 'none', text: 'No end' },
  { value: '1h', text: 'In 1 hour' },
  { value: '8h', text: 'In 8 hours' },
  { value: '7d', text: 'In 7 days' },
  { value: 'at', text: 'At a time' },
];

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export interface EndFieldProps {
  readonly end: End;
  readonly onChange: (end: End) => void;
  readonly refusal: string | undefined;
  /** What stands now, where there is something to keep. */
  readonly kept?: string;
}

export function EndField({ end, onChange, refusal, kept }: EndFieldProps): ReactNode {
  const isAt = end.choice === 'at';
  return (
    <>
      <SelectField
        label="Until"
        value={end.choice}
        onChange={(choice) => onChange({ ...end, choice })}
        choices={kept === undefined ? quickEnds : [{ value: 'keep', text: `As it is: ${kept}` }, ...quickEnds]}
        refusal={isAt ? undefined : refusal}
      />
      {isAt && (
        <TextField
          label="Ends at"
          type="datetime-local"
          value={end.local}
          onChange={(local) => onChange({ ...end, local })}
          hint={`In your zone, ${zone}`}
          refusal={refusal}
        />
      )}
    </>
  );
}

const offeredSeconds = [300, 900, 3600, 28_800, 86_400];

export function SecondFactorField({
  seconds,
  onChange,
  refusal,
}: {
  readonly seconds: number | null;
  readonly onChange: (seconds: number | null) => void;
  readonly refusal: string | undefined;
}): ReactNode {
  const offered = seconds === null || offeredSeconds.includes(seconds) ? offeredSeconds : [...offeredSeconds, seconds];
  return (
    <SelectField
      label="Second factor"
      hint="It holds only while one was proven no longer ago than this."
      value={seconds === null ? '' : String(seconds)}
      onChange={(value) => onChange(value === '' ? null : Number(value))}
      choices={[
        { value: '', text: 'Not asked for' },
        ...offered.map((each) => ({ value: String(each), text: `Proven within ${formatDuration(each)}` })),
      ]}
      refusal={refusal}
    />
  );
}

export const ReasonField = ({
  reason,
  onChange,
  refusal,
}: {
  readonly reason: string;
  readonly onChange: (reason: string) => void;
  readonly refusal: string | undefined;
}): ReactNode => (
  <TextField
    label="Reason"
    hint="Why; it is kept with the grant and in the audit log."
    value={reason}
    onChange={onChange}
    refusal={refusal}
  />
);
