import { z } from 'zod';
import { innerOf, metaOf } from './config-fields.ts';

/** Returns a copy of a parsed value in which every path, as its schema declares it, is replaced. */
export function mapPaths<T extends Record<string, unknown>>(
  schema: z.ZodObject,
  value: T,
  replace: (path: string) => string,
): T {
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    const field = schema.shape[key];
    if (!field) return [key, inner];
    if (typeof inner === 'string') return [key, metaOf(field).path === undefined ? inner : replace(inner)];
    if (Array.isArray(inner)) {
      const item = itemIn(field);
      return [key, item ? inner.map((one: unknown) => (isRecord(one) ? mapPaths(item, one, replace) : one)) : inner];
    }
    const record = objectIn(field);
    return [key, record && isRecord(inner) ? mapPaths(record, inner, replace) : inner];
  });
  // Only strings were replaced, by strings.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as T;
}

function objectIn(field: z.core.$ZodType): z.ZodObject | undefined {
  if (field instanceof z.ZodObject) return field;
  const inner = innerOf(field);
  return inner && objectIn(inner);
}

function itemIn(field: z.core.$ZodType): z.ZodObject | undefined {
  if (field instanceof z.ZodArray) return objectIn(field.element);
  const inner = innerOf(field);
  return inner && itemIn(inner);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
