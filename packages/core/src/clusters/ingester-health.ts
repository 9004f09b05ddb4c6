import { z } from 'zod';

/** State of an ingester's spool, which buffers faults whose admission Redis has not acknowledged. */
export const SpoolHealth = z.object({
  /**
   * `flowing`: faults pass through memory, Redis answers. `spooling`: faults are written to disk, because Redis does not
   * answer or cannot keep up. `memory-only`: the disk failed; faults that do not fit into memory are lost.
   */
  state: z.enum(['flowing', 'spooling', 'memory-only']),
  /** Number of faults in memory. */
  in_memory: z.int().nonnegative(),
  /** Size of the segments on disk, in bytes. */
  disk_bytes: z.int().nonnegative(),
  /** Number of faults lost since the ingester started. */
  lost: z.int().nonnegative(),
  /** The disk error, while the state is `memory-only`. */
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
