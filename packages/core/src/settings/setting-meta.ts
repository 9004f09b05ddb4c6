import 'zod';

/** The processes that read a configuration. */
export const PROCESSES = ['ingester', 'triage-worker', 'gateway', 'api'] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** What a setting's declaration says beside its type. Flags, help, example, JSON Schema and reload are derived from it. */
export interface SettingMeta {
  /** One or two sentences for `--help`, the example file and the JSON Schema. */
  description?: string | undefined;
  /** The processes that use the setting. Default: all. */
  used_by?: readonly ProcessName[] | undefined;
  /** Whether a changed value takes effect in the running processes of `used_by`. Default: it needs a restart. */
  live?: boolean | undefined;
  /** A path, made absolute when it is read. `file`: it must be a readable file. `any`: it may be created later. */
  path?: 'file' | 'any' | undefined;
  /** The value is never shown, and has no flag: arguments show in the process list. */
  secret?: boolean | undefined;
  /** The value may contain credentials: no message repeats it. */
  sensitive?: boolean | undefined;
  /** Unit of the value, as `--help` shows it. */
  unit?: string | undefined;
  /** Placeholder of the value in `--help`, such as `duration`. */
  value?: string | undefined;
  /** Another setting without which this one has no effect: giving this one alone is an error. */
  needs?: string | undefined;
  /** Environment names of the original system. New settings have none: unprefixed names collide with those of others. */
  env?: readonly string[] | undefined;
  /** Value in the example file, for settings that have no default. */
  example?: string | undefined;
  /** JSON Schema of the values that the configuration file may have, where the type does not show it. */
  schema?: Record<string, unknown> | undefined;
}

declare module 'zod' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- declaration merging needs an interface
  interface GlobalMeta extends SettingMeta {}
}
