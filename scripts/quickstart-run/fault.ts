/** What the person can mend, in one sentence. */
export class QuickstartError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'QuickstartError';
  }
}

export type Say = (line: string) => void;
