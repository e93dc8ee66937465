/** The lists behind the figures. */
import { toTime } from '../../../../shared/clock.ts';
import { useNow } from '../../parts/time.tsx';

/** Grants that end within a week. */
export const endingPlace = '/access?endsBefore=7d';

const hour = 3_600_000;

/** What was refused within the last hour. */
export const useRefusalsPlace = (): string => `/audit?outcome=refused&since=${encodeURIComponent(toTime(useNow() - hour))}`;
