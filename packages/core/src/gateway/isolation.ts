import { z } from 'zod';

/**
 * What a worker knows of the isolation of its agents.
 * - `proven`: a probe in the same sandbox reached nothing.
 * - `failed`: it reached something; agents are not run.
 * - `unknown`: the probe could not be run, because the engine or the image is unavailable, or it has not ended yet.
 * - `direct`: agents reach their cluster or model directly, as `kube_access` or `llm_access` says.
 */
export const IsolationState = z.enum(['proven', 'failed', 'unknown', 'direct']);
export type IsolationState = z.infer<typeof IsolationState>;

export const Isolation = z.object({
  state: IsolationState,
  /** What the probe reached, or why it could not be run. */
  findings: z.array(z.string()),
  /** The image that the probe ran in. */
  image: z.string(),
  /** When the probe ended, RFC 3339. */
  checked_at: z.string().optional(),
});
export type Isolation = z.infer<typeof Isolation>;

/** The isolation of the agents of one worker. */
export const WorkerIsolation = Isolation.extend({ worker: z.string() });
export type WorkerIsolation = z.infer<typeof WorkerIsolation>;
