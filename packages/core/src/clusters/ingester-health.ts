import { z } from 'zod';

/** What an ingester's spool does with faults: the way of those that Redis has not answered. */
export const SpoolHealth = z.object({
  /**
   * `flowing`: through memory, Redis answers. `spooling`: over the disk, since Redis does not answer or cannot keep up.
   * `memory-only`: the disk failed, and what does not fit into memory is lost.
   */
  state: z.enum(['flowing', 'spooling', 'memory-only']),
  /** Faults in memory. */
  in_memory: z.int().nonnegative(),
  /** Bytes of the segments on disk. */
  disk_bytes: z.int().nonnegative(),
  /** Faults lost since the ingester started. */
  lost: z.int().nonnegative(),
  /** Why it is `memory-only`. */
  error: z.string().optional(),
});
export type SpoolHealth = z.infer<typeof SpoolHealth>;

/** Health of one ingester process. */
export const IngesterHealth = z.object({
  /** `<host>-<pid>` */
  name: z.string(),
  spool: SpoolHealth,
});
export type IngesterHealth = z.infer<typeof IngesterHealth>;
