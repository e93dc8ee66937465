/** A command is a value: its words, arguments and options, and what it does. `program.ts` makes them known to the parser. */
import type { Call } from '../shared/client.ts';
import type { Environment } from './environment.ts';
import { CliError } from './failure.ts';
import type { Home } from './home.ts';
import type { Output } from './output.ts';
import type { Profile } from './profiles.ts';

export interface OptionSpec {
  /** `--role <role>`, `--wait`. */
  readonly flags: string;
  readonly help: string;
  readonly required?: boolean;
  /** May be given several times: `input.list`. */
  readonly repeatable?: boolean;
  /** Throws what is wrong with the value, before the command does anything. */
  readonly check?: (value: string) => void;
}

export interface CommandSpec {
  /** `users add`. */
  readonly words: string;
  readonly summary: string;
  /** `<email>`, `[server]`. */
  readonly arguments?: readonly (readonly [name: string, help: string])[];
  readonly options?: readonly OptionSpec[];
  readonly alias?: string;
  /** Not for people. */
  readonly hidden?: boolean;
  readonly examples?: readonly string[];
  readonly run: (context: CommandContext, input: CommandInput) => Promise<void>;
}

/** A live session at the chosen server. */
export interface Connection {
  readonly profile: Profile;
  readonly call: Call;
}

export interface CommandContext {
  readonly environment: Environment;
  readonly home: Home;
  readonly output: Output;
  readonly userAgent: string;
  /** `--server`, when given. */
  readonly server: string | undefined;
  /** The chosen profile; throws when there is none. */
  readonly profile: () => Profile;
  /** The chosen profile with its session; throws when nobody is logged in. */
  readonly connect: () => Connection;
  /** Of any profile; undefined when nobody is logged in there. */
  readonly connectTo: (profile: Profile) => Connection | undefined;
}

/** What was typed, by the names in the command's spec. */
export class CommandInput {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** A text that the parser has made sure of. */
  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new TypeError(`${name} is no required argument or option`);
    return value;
  }

  optional(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Of a repeatable option. */
  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  number(name: string, fallback: number): number {
    const value = this.optional(name);
    if (value === undefined) return fallback;
    if (!/^\d{1,6}$/.test(value)) throw new CliError('wrongUse', `--${name} takes a whole number, not "${value}"`);
    return Number(value);
  }
}
