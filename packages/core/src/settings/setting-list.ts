import { z } from 'zod';
import { formatSeconds, metaOf } from './config-fields.ts';
import { SECTIONS } from './config.ts';
import { PROCESSES, type ProcessName } from './setting-meta.ts';

/** A setting as everything outside the parser sees it. */
export interface Setting {
  /** Where it is in the file: `['redis', 'url']`. */
  path: readonly string[];
  /** `redis.url` */
  name: string;
  /** Heading of its section. */
  section: string;
  description: string;
  /** Validates one value; also one that is given as text. */
  schema: z.core.$ZodType;
  /** Undefined: it has none. */
  defaultValue: unknown;
  /** The default as the configuration file writes it. */
  defaultText: string | undefined;
  /** Placeholder of the value in `--help`. */
  value: string;
  unit: string | undefined;
  /** `redis-url`; undefined for a secret. */
  flag: string | undefined;
  /** `NIGHTCRIER_REDIS_URL` */
  environment: string;
  /** Names of the original system. */
  originalEnvironment: readonly string[];
  usedBy: readonly ProcessName[];
  live: boolean;
  meta: z.GlobalMeta;
}

/** Every setting that takes one value, in the order of the sections. */
export const SETTINGS: readonly Setting[] = SECTIONS.flatMap(({ heading, parent, shape }) =>
  Object.entries(shape).map(([key, schema]) => describe(heading, [...(parent?.split('.') ?? []), key], schema)),
);

const BY_NAME = new Map(SETTINGS.map((setting) => [setting.name, setting]));

/** The setting of that name, such as `redis.url`. */
export function settingOf(name: string): Setting | undefined {
  return BY_NAME.get(name);
}

/** Whether a process reads the setting. Undefined, for commands that stand for all processes: yes. */
export function isUsedBy({ usedBy }: Setting, process: ProcessName | undefined): boolean {
  return process === undefined || usedBy.includes(process);
}

function describe(section: string, path: string[], schema: z.core.$ZodType): Setting {
  const meta = metaOf(schema);
  const { data: defaultValue } = z.safeParse(schema, undefined);
  return {
    path,
    name: path.join('.'),
    section,
    description: meta.description ?? '',
    schema,
    defaultValue,
    defaultText: textOf(defaultValue, meta),
    value: meta.value ?? 'value',
    unit: meta.unit,
    flag: meta.secret === true ? undefined : path.join('-').replaceAll('_', '-'),
    environment: `NIGHTCRIER_${path.join('_').toUpperCase()}`,
    originalEnvironment: meta.env ?? [],
    usedBy: meta.used_by ?? PROCESSES,
    live: meta.live ?? false,
    meta,
  };
}

function textOf(value: unknown, { value: kind }: z.GlobalMeta): string | undefined {
  if (value === undefined) return undefined;
  if (kind === 'duration' && typeof value === 'number') return formatSeconds(value);
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  if (value === '') return "''";
  return typeof value === 'string' ? value : JSON.stringify(value);
}
