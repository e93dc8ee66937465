/**
 * Settings of the two services: a flag, an environment variable and a key of a YAML file each; flag > environment > file > default.
 * `tls.cert` is `--tls-cert`, `INFRA_SERVER_TLS_CERT` and `tls: { cert: … }`. Unknown keys are errors that name the nearest known one.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { nearest } from '../nearest.ts';

/** What the person who started the program has to mend. */
export class ConfigError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'ConfigError';
  }
}

export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly help: string;
  /** Secrets come from the environment or a file, never from a flag that `ps` shows. */
  readonly secret?: boolean;
}
export type Settings = Readonly<Record<string, Setting>>;
export type Config<Of extends Settings> = { readonly [Key in keyof Of]: z.output<Of[Key]['schema']> };

export interface ConfigSources {
  /** `INFRA_SERVER`, before every variable. */
  readonly prefix: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Variables with the prefix that are no settings. */
  readonly otherVariables?: readonly string[];
}

const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('.', '-');
export const flagOf = (key: string): string => `--${kebab(key)}`;
export const variableOf = (prefix: string, key: string): string => `${prefix}_${kebab(key).replaceAll('-', '_').toUpperCase()}`;

/** Reads and checks all settings; throws `ConfigError` with one sentence a fault. */
export function loadConfig<Of extends Settings>(settings: Of, sources: ConfigSources): Config<Of> {
  const flags = readFlags(settings, sources.argv);
  const variables = readVariables(settings, sources);
  const file = readFile(settings, flags.get('config') ?? sources.env[`${sources.prefix}_CONFIG`]);
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const found = flags.get(key) ?? variables.get(key) ?? file.get(key);
    const parsed = setting.schema.safeParse(found);
    if (parsed.success) values[key] = parsed.data;
    else
      faults.push(
        `${key} (${flagOf(key)}, ${variableOf(sources.prefix, key)}): ${parsed.error.issues.map((issue) => issue.message).join('; ')}`,
      );
  }
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  // Every key was parsed by its own schema just above.
  return values as Config<Of>;
}

/** The settings as lines for `--help`. */
export function describeSettings(settings: Settings, prefix: string): string {
  const rows = Object.entries(settings).map(
    ([key, setting]) => [setting.secret === true ? '' : flagOf(key), variableOf(prefix, key), setting.help] as const,
  );
  const width = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  return rows.map(([flag, variable, help]) => `  ${flag.padEnd(width(0))}  ${variable.padEnd(width(1))}  ${help}`).join('\n');
}

function readFlags(settings: Settings, argv: readonly string[]): Map<string, string> {
  const keyOfFlag = new Map(
    [...Object.keys(settings).filter((key) => settings[key]?.secret !== true), 'config'].map((key) => [kebab(key), key]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries([...keyOfFlag.keys()].map((flag) => [flag, { type: 'string' as const }])),
    strict: false,
    tokens: true,
  });
  const found = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') throw new ConfigError(`"${token.value}" is not expected here; see --help`);
    const key = keyOfFlag.get(token.name);
    if (key === undefined) throw new ConfigError(`${token.rawName} is no setting${didYouMean(token.name, [...keyOfFlag.keys()], '--')}`);
    if (token.value === undefined) throw new ConfigError(`${token.rawName} needs a value`);
    found.set(key, token.value);
  }
  return found;
}

function readVariables(settings: Settings, sources: ConfigSources): Map<string, string> {
  const keyOfVariable = new Map(Object.keys(settings).map((key) => [variableOf(sources.prefix, key), key]));
  const known = new Set([...keyOfVariable.keys(), `${sources.prefix}_CONFIG`, ...(sources.otherVariables ?? [])]);
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(sources.env)) {
    if (!name.startsWith(`${sources.prefix}_`) || value === undefined) continue;
    if (!known.has(name)) throw new ConfigError(`${name} is no setting${didYouMean(name, [...known], '')}`);
    const key = keyOfVariable.get(name);
    if (key !== undefined) found.set(key, value);
  }
  return found;
}

function readFile(settings: Settings, path: string | undefined): Map<string, unknown> {
  if (path === undefined) return new Map();
  let parsed: unknown;
  try {
    parsed = parseYaml(readFileSync(path, 'utf8'));
  } catch (cause) {
    // The parser draws a picture below its first line.
    const [reason = ''] = cause instanceof Error ? cause.message.split('\n') : ['unknown error'];
    throw new ConfigError(`the config file ${path} cannot be read: ${reason}`);
  }
  const found = flatten(parsed ?? {}, settings);
  for (const key of found.keys()) {
    if (settings[key] === undefined) throw new ConfigError(`${path}: ${key} is no setting${didYouMean(key, Object.keys(settings), '')}`);
  }
  return found;
}

/** `{ tls: { cert: x } }` → `tls.cert: x`; an object stops being taken apart at a key that is itself a setting. */
function flatten(value: unknown, settings: Settings, before = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError('the config file must hold keys and values');
  const found = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value)) {
    const path = before + key;
    const isSection = typeof inner === 'object' && inner !== null && !Array.isArray(inner) && settings[path] === undefined;
    if (isSection) for (const [innerPath, innerValue] of flatten(inner, settings, `${path}.`)) found.set(innerPath, innerValue);
    else found.set(path, inner);
  }
  return found;
}

function didYouMean(name: string, known: readonly string[], before: string): string {
  const guess = nearest(name, known);
  return guess === undefined ? '' : `; did you mean ${before}${guess}?`;
}
