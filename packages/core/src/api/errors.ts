import { z } from 'zod';

/** The media type of failed requests, see RFC 9457. */
export const PROBLEM_JSON = 'application/problem+json';

/** The body of every failed request: RFC 9457, and `error`, which is older. */
export const ApiFailure = z.object({
  /** `urn:nightcrier:error:<code>` */
  type: z.string(),
  /** What the code means. */
  title: z.string(),
  status: z.int(),
  /** What is wrong with this request, and what to do. */
  detail: z.string(),
  /** The path that was requested; missing for what is no HTTP request. */
  instance: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }),
});
export type ApiFailure = z.infer<typeof ApiFailure>;
