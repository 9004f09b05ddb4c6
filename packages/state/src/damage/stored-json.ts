import type { z } from 'zod';

/** Returns JSON text of Redis as its schema makes it; undefined for no text, and for text that is damaged or that this version cannot read. */
export function storedJson<T extends z.ZodType>(schema: T, text: string | undefined): z.infer<T> | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
