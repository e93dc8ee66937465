/** Small words that go with figures. */
const plain = new Intl.NumberFormat();

/** "1 stream", "12,000 streams". */
export const counted = (count: number, noun: string, plural = `${noun}s`): string =>
  `${plain.format(count)} ${count === 1 ? noun : plural}`;

export const figure = (count: number): string => plain.format(count);
