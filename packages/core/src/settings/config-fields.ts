import { z } from 'zod';
import './setting-meta.ts';
import { rememberSecretsOf } from './known-secrets.ts';
import { Secret, secretProblem } from './secret.ts';

/**
 * The kinds of values a setting can have. Environment variables, flags and `${NAME}` give text, so each kind also reads its
 * value from text. What `--help` and the JSON Schema show of a kind is declared here, once.
 */

/** A whole number between the bounds, both included. */
export function integer(min: number, max: number) {
  return z
    .preprocess(fromText(/^[+-]?\d+$/, Number), z.int().min(min).max(max))
    .meta({ value: 'number', schema: { type: 'integer', minimum: min, maximum: max } });
}

/** A number between the bounds, both included. */
export function decimal(min: number, max: number) {
  return z
    .preprocess(fromText(/^[+-]?\d+(\.\d+)?$/, Number), z.number().min(min).max(max))
    .meta({ value: 'number', schema: { type: 'number', minimum: min, maximum: max } });
}

/** true or false. */
export function flag() {
  return z
    .preprocess(
      fromText(/^(true|false)$/i, (text) => text.toLowerCase() === 'true'),
      z.boolean({ error: 'must be true or false' }),
    )
    .meta({ value: 'true|false', schema: { type: 'boolean' } });
}

/**
 * One of a few words, in any case.
 * @param synonyms other words for some of them, which are accepted as well
 */
export function choice<const T extends readonly [string, ...string[]]>(
  choices: T,
  synonyms: Partial<Record<string, T[number]>> = {},
) {
  return z
    .preprocess(
      (value) => {
        const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
        return typeof word === 'string' ? ((Object.hasOwn(synonyms, word) ? synonyms[word] : undefined) ?? word) : word;
      },
      z.enum(choices, { error: `must be one of ${choices.join(', ')}` }),
    )
    .meta({ value: choices.join('|'), schema: { enum: [...choices] } });
}

const UNIT_SECONDS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** A duration, in seconds once parsed: a number of seconds, or text such as `500ms`, `30s`, `1m30s`, `2h`. */
export function seconds(min: number, max: number) {
  const parse = (text: string): number =>
    /^\d+(\.\d+)?$/.test(text)
      ? Number(text)
      : [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
          (sum, [, amount, unit]) => sum + Number(amount) * (UNIT_SECONDS[unit ?? ''] ?? Number.NaN),
          0,
        );
  return z
    .preprocess(
      fromText(/^(\d+(\.\d+)?|(\d+(\.\d+)?(ms|s|m|h))+)$/, parse),
      z
        .number({ error: 'must be a number of seconds, or a duration such as "30s" or "1m30s"' })
        .min(min, { error: `must be at least ${formatSeconds(min)}` })
        .max(max, { error: `must be at most ${formatSeconds(max)}` }),
    )
    .meta({
      value: 'duration',
      unit: 'seconds',
      schema: {
        anyOf: [
          { type: 'number', minimum: min, maximum: max },
          { type: 'string', pattern: '^(\\d+(\\.\\d+)?|(\\d+(\\.\\d+)?(ms|s|m|h))+)$' },
        ],
      },
    });
}

/** A duration as the configuration writes it: `90` is `1m30s`. */
export function formatSeconds(total: number): string {
  if (total === 0) return '0';
  if (total < 1) return `${Math.round(total * 1000)}ms`;
  const parts = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  return parts.flatMap((amount, index) => (amount === 0 ? [] : [`${amount}${'hms'[index] ?? ''}`])).join('');
}

/** Text of at least one character. */
export function text() {
  return z
    .string()
    .min(1)
    .meta({ value: 'text', schema: { type: 'string', minLength: 1 } });
}

/** A path. `file`: of a file that must be there. */
export function filePath(path: 'file' | 'any') {
  return z
    .string()
    .min(1)
    .meta({ value: path === 'file' ? 'file' : 'directory', path, schema: { type: 'string', minLength: 1 } });
}

function secretText(problem: (value: string) => string | undefined = () => undefined) {
  return z
    .string()
    .transform((value) => value.trim())
    .superRefine((value, context) => {
      const message = secretProblem(value) ?? problem(value);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    });
}

/**
 * A value that must not be shown: wrapped at once, see {@link Secret}. White space around it is removed.
 * @param problem says what else is wrong with it, without repeating any of it
 */
export function secret(problem?: (value: string) => string | undefined) {
  return secretText(problem)
    .transform((value) => new Secret(value))
    .meta({ value: 'secret', secret: true, schema: { type: 'string' } });
}

/** A URL that is a credential, such as that of a webhook, and must not be shown. */
export function secretUrl() {
  return secret((value) => httpUrlProblem(value));
}

/** An address with the scheme http or https. A user or password in it would show wherever the address is shown. */
export function httpUrl() {
  return z
    .string()
    .superRefine((value, context) => {
      rememberSecretsOf(value);
      const message = httpUrlProblem(value);
      if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
    })
    .meta({ value: 'url', schema: { type: 'string', format: 'uri', pattern: '^https?://' } });
}

function httpUrlProblem(value: string): string | undefined {
  const url = URL.parse(value);
  if (!/^https?:$/.test(url?.protocol ?? '')) return 'must be an http:// or https:// URL';
  if (url?.username !== '' || url.password !== '') {
    return 'must be a URL without user and password; a key is a setting of its own';
  }
  return undefined;
}

/** The address of a Redis. It may carry a password, so no message repeats it. */
export function redisUrl() {
  return z
    .string()
    .superRefine((value, context) => {
      rememberSecretsOf(value);
      const message = redisUrlProblem(value);
      if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
    })
    .meta({ value: 'url', sensitive: true, schema: { type: 'string', pattern: '^rediss?://' } });
}

function redisUrlProblem(value: string): string | undefined {
  const url = URL.parse(value);
  if (!/^rediss?:\/\/\S+$/.test(value) || !url) return 'must be a redis:// or rediss:// URL';
  if (url.hostname === '') return 'must name a host: redis://HOST:PORT';
  if (!/^(\/\d*)?$/.test(url.pathname)) return 'must have a database number, or nothing, as its path';
  for (const part of [url.username, url.password]) {
    if (!URL_ENCODED.test(part)) return 'has a user or password that is not percent-encoded';
  }
  return undefined;
}

const URL_ENCODED = /^([^%]|%[\da-f]{2})*$/i;

/** A list of words, or one text with commas between them. */
export function wordList() {
  return z
    .preprocess(
      (value) => (typeof value === 'string' ? splitWords(value) : value),
      z.array(z.string().transform((word) => word.trim())),
    )
    .meta({
      value: 'list',
      schema: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }] },
    });
}

/** Splits at commas, but not within parentheses: `Read,Bash(kubectl get:*)`. */
function splitWords(value: string): string[] {
  return value
    .split(/,(?![^()]*\))/)
    .map((word) => word.trim())
    .filter(Boolean);
}

/** A list of some words out of a few. */
export function choiceList<const T extends readonly [string, ...string[]]>(choices: T) {
  return wordList()
    .pipe(z.array(z.enum(choices, { error: `must be a list of ${choices.join(', ')}` })))
    .meta({
      value: 'list',
      schema: { anyOf: [{ type: 'array', items: { enum: [...choices] } }, { type: 'string' }] },
    });
}

/** A mapping; as text, in JSON. */
export function json<T extends z.ZodType>(schema: T, shape: Record<string, unknown>) {
  return z
    .preprocess((value) => {
      if (typeof value !== 'string') return value;
      try {
        return JSON.parse(value) as unknown;
      } catch {
        return value;
      }
    }, schema)
    .meta({ value: 'json', schema: { anyOf: [shape, { type: 'string' }] } });
}

/**
 * Adds to each secret of a shape its companion `KEY_file`, which names a file that holds the value. Exactly one of the two
 * may be given.
 */
export function withSecretFiles<S extends z.ZodRawShape>(shape: S): S & SecretFiles<S> {
  const fields: Record<string, z.core.$ZodType> = {};
  for (const [key, field] of Object.entries(shape)) {
    fields[key] = field;
    const meta = metaOf(field);
    if (meta.secret !== true) continue;
    fields[`${key}_file`] = filePath('file')
      .optional()
      .meta({
        description: `File that holds ${key}. It is read again at each use, so a rotated secret takes effect.`,
        used_by: meta.used_by,
        live: meta.live,
        needs: meta.needs,
        example: meta.example,
      });
  }
  // The mapped type says the same of the keys as the loop above.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return fields as unknown as S & SecretFiles<S>;
}

type SecretFiles<S extends z.ZodRawShape> = {
  [K in keyof S & string as Secret extends z.output<S[K]> ? `${K}_file` : never]: z.ZodOptional<z.ZodString>;
};

/** What a schema and the schemas within it declare; the outer ones win. */
export function metaOf(schema: z.core.$ZodType): z.GlobalMeta {
  const own = z.globalRegistry.get(schema) ?? {};
  const inner = innerOf(schema);
  return inner ? { ...metaOf(inner), ...definedOf(own) } : own;
}

/** The schema within one that only adds a default, or that a value may be missing. */
export function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const wraps = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return wraps ? schema.def.innerType : undefined;
}

function definedOf(meta: z.GlobalMeta): z.GlobalMeta {
  return Object.fromEntries(Object.entries(meta).filter(([, value]) => value !== undefined));
}

function fromText(pattern: RegExp, convert: (text: string) => unknown) {
  return (value: unknown): unknown => {
    const trimmed = typeof value === 'string' ? value.trim() : undefined;
    return trimmed !== undefined && pattern.test(trimmed) ? convert(trimmed) : value;
  };
}
