import type { z } from 'zod';
import { ApiError } from './api-error.ts';

/** Returns the body of a request as its schema makes it. @throws ApiError bad_request that names each problem */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`,
  );
  throw new ApiError('bad_request', problems.join('; '));
}
