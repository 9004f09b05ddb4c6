import { z } from 'zod';
import { Secret } from './secret.ts';

/**
 * The kinds of values a configuration key can have. Environment variables, flags and `${ENV}` give text, so each kind
 * also reads its value from text; the schema stays the only place that knows a key's type.
 */

/** A whole number between the bounds, both included. */
export function integer(min: number, max: number) {
  return z.preprocess(fromText(/^[+-]?\d+$/, Number), z.int().min(min).max(max));
}

/** A number between the bounds, both included. */
export function decimal(min: number, max: number) {
  return z.preprocess(fromText(/^[+-]?\d+(\.\d+)?$/, Number), z.number().min(min).max(max));
}

/** true or false. */
export function flag() {
  return z.preprocess(
    fromText(/^(true|false)$/i, (text) => text.toLowerCase() === 'true'),
    z.boolean(),
  );
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
  return z.preprocess(
    fromText(/^(\d+(\.\d+)?|(\d+(\.\d+)?(ms|s|m|h))+)$/, parse),
    z.number({ error: 'must be a number of seconds, or a duration such as "30s" or "1m30s"' }).min(min).max(max),
  );
}

/** A value that must not be shown: wrapped at once, see {@link Secret}. */
export function secret() {
  return z
    .string()
    .min(1)
    .transform((value) => new Secret(value));
}

/** An address that must not be shown, because whoever knows it may use it: that of a webhook. */
export function secretUrl() {
  return httpUrl().transform((value) => new Secret(value));
}

/** An address with the scheme http or https. A user or password in it would show wherever the address is shown. */
export function httpUrl() {
  const parse = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);
  return z
    .string()
    .refine((text) => /^https?:$/.test(parse(text)?.protocol ?? ''), {
      error: 'must be an http:// or https:// URL',
      abort: true,
    })
    .refine((text) => parse(text)?.username === '' && parse(text)?.password === '', {
      error: 'must be a URL without user and password; a key is a setting of its own',
    });
}

/** A list of words, or one text with commas between them. */
export function wordList() {
  return z.preprocess(
    (value) =>
      typeof value === 'string'
        ? value
            .split(',')
            .map((word) => word.trim())
            .filter(Boolean)
        : value,
    z.array(z.string()),
  );
}

/** A mapping; as text, in JSON. */
export function json<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => {
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  }, schema);
}

function fromText(pattern: RegExp, convert: (text: string) => unknown) {
  return (value: unknown): unknown => {
    const text = typeof value === 'string' ? value.trim() : undefined;
    return text !== undefined && pattern.test(text) ? convert(text) : value;
  };
}
