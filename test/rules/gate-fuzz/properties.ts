/** All rules of the gate that hold for every input. */
import { answers } from './answers.ts';
import { askedLists, headerLists } from './headers.ts';
import type { CheckableProperty } from './property.ts';
import { targets } from './targets.ts';

export const gateProperties: readonly CheckableProperty[] = [targets, headerLists, askedLists, answers];
