import type { ReactNode } from 'react';
import { fromTime } from '../../../shared/clock.ts';
import { Name } from './name.tsx';
import { exactTime } from './time.tsx';

const inWords = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const time = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

/** A sentence of the server's: its times as the reader's zone and language have them. */
export const Sentence = ({ children }: { readonly children: string }): ReactNode =>
  children.split(time).map((part, index) =>
    // What is split by stands at every other place.
    index % 2 === 1 && !Number.isNaN(fromTime(part)) ? (
      <time key={index} dateTime={part} title={exactTime(part)}>
        {inWords.format(fromTime(part))}
      </time>
    ) : (
      part !== '' && (
        <Name key={index} isWhole>
          {part}
        </Name>
      )
    ),
  );
