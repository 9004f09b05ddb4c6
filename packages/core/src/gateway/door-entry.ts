import { z } from 'zod';

/** The two entry points of the gateway. */
export const DOORS = ['kube', 'llm'] as const;
export type Door = (typeof DOORS)[number];

/** One request of an agent through the gateway: a line of `logs/gateway.ndjson` in the workspace. */
export const DoorEntry = z.object({
  /** When it arrived, RFC 3339. */
  time: z.string(),
  door: z.enum(DOORS),
  /** `get`, `list`, `watch`, `log`, …; of a denied request, its HTTP method. */
  verb: z.string(),
  /** Path and query of the request; for the LLM door also the model. */
  target: z.string(),
  /** `failed`: allowed, and the upstream gave no answer. */
  decision: z.enum(['allowed', 'denied', 'failed']),
  /** Why it was denied or failed. */
  reason: z.string().optional(),
  /** HTTP status of the answer. */
  status: z.int(),
  /** Of the answer's body. */
  bytes: z.int().nonnegative(),
  /** Milliseconds from its arrival to the end of the answer. */
  ms: z.number().nonnegative(),
  model: z.string().optional(),
  input_tokens: z.int().nonnegative().optional(),
  output_tokens: z.int().nonnegative().optional(),
  cost_usd: z.number().nonnegative().optional(),
});
export type DoorEntry = z.infer<typeof DoorEntry>;

/** What one run has done through the gateway. */
export const DoorSummary = z.object({
  kube_requests: z.int().nonnegative().default(0),
  kube_denied: z.int().nonnegative().default(0),
  llm_requests: z.int().nonnegative().default(0),
  llm_denied: z.int().nonnegative().default(0),
  input_tokens: z.int().nonnegative().default(0),
  output_tokens: z.int().nonnegative().default(0),
  cost_usd: z.number().nonnegative().default(0),
});
export type DoorSummary = z.infer<typeof DoorSummary>;
