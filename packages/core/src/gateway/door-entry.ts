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

const count = z.int().nonnegative().default(0);

/** Requests of agents through the gateway. */
export const GatewayCounts = z.object({
  kube_requests: count,
  kube_denied: count,
  llm_requests: count,
  llm_denied: count,
});
export type GatewayCounts = z.infer<typeof GatewayCounts>;

/** What one run has done through the gateway. */
export const DoorSummary = GatewayCounts.extend({
  input_tokens: count,
  output_tokens: count,
  cost_usd: z.number().nonnegative().default(0),
  /** Why the provider of the model failed the last request to it. */
  provider_failure: z.string().optional(),
  /** The budget that the run has used up. */
  budget_exhausted: z.string().optional(),
});
export type DoorSummary = z.infer<typeof DoorSummary>;
