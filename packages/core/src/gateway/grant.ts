import { z } from 'zod';

/**
 * What the holder of a token may do through the gateway: one run of one agent on one incident. It lies in Redis under the hash of
 * its token, until the run ends or it expires.
 */
export const Grant = z.object({
  incident_id: z.string(),
  /** Name of the cluster that the kube door reads. */
  cluster: z.string(),
  attempt: z.int().positive(),
  /** `agent_cli` of the run. */
  agent: z.string(),
  /** `agent_model`; missing: the CLI's own default. */
  model: z.string().optional(),
  /** Milliseconds since the epoch. */
  expires_at: z.number(),
  /**
   * The run has sockets of its own, in a directory of this name, and the token is valid there alone. Missing: for a script, and for
   * containers of earlier versions, on the sockets that all of them share.
   */
  socket: z.string().optional(),
});
export type Grant = z.infer<typeof Grant>;
