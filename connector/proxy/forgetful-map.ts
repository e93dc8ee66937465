/**
 * State by key that forgets what is idle, without timers: each new key looks at two others, round and round. So it holds at most about twice
 * what is in use, however many keys come and go, and no call costs more than another.
 */
export interface ForgetfulMap<Value> {
  /** Made when it is not there. */
  of(key: string): Value;
  size(): number;
}

export interface ForgetfulMapOptions<Value> {
  readonly create: () => Value;
  /** Idle: one made anew would be the same. */
  readonly isIdle: (value: Value) => boolean;
}

const looksPerNewKey = 2;

export function createForgetfulMap<Value>(options: ForgetfulMapOptions<Value>): ForgetfulMap<Value> {
  const values = new Map<string, Value>();
  // Iterators of a Map go on over what is added and removed meanwhile.
  let hand = values.entries();
  const forget = (): void => {
    for (let looks = 0; looks < looksPerNewKey; looks += 1) {
      const next = hand.next();
      if (next.done === true) {
        hand = values.entries();
        return;
      }
      const [key, value] = next.value;
      if (options.isIdle(value)) values.delete(key);
    }
  };
  return {
    of: (key) => {
      const known = values.get(key);
      if (known !== undefined) return known;
      forget();
      const made = options.create();
      values.set(key, made);
      return made;
    },
    size: () => values.size,
  };
}
