/** A secret in memory: it prints as `[secret]` in JSON, inspect, templates and logs, and is read only where it is used. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { inspect } from 'node:util';

export class SecretValue {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** In constant time, whatever the lengths. */
  equals(other: string): boolean {
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(this.#value), digest(other));
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
