import type { z } from 'zod';
import { ApiError } from '../../errors/api-error.ts';

/** Returns the fields of a form or a query as their schema makes them. @throws ApiError bad_request that names each problem */
export function parseFields<T extends z.ZodType>(schema: T, fields: unknown): z.infer<T> {
  const parsed = schema.safeParse(fields ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'form'}: ${message}`,
  );
  throw new ApiError('bad_request', problems.join('; '));
}
