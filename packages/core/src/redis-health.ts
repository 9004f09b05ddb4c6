import { z } from 'zod';

/** What can be wrong with a Redis that answers. */
export const REDIS_PROBLEMS = [
  /** It is a Redis Cluster. */
  'cluster',
  /** It is a replica: after a fail-over, or by a wrong address. */
  'replica',
  /** A command that Nightcrier needs is not allowed to its user. */
  'permission',
  /** `maxmemory` is reached, and it refuses writes. */
  'full',
  /** `maxmemory-policy` lets it delete what Nightcrier needs. */
  'eviction_policy',
  /** It has deleted keys to free memory. */
  'evicted',
  /** It cannot write its append-only file or its snapshots. */
  'persistence',
  /** It is older than 6.2. */
  'version',
] as const;

/** A problem of Redis, and what to do about it. */
export const RedisProblem = z.object({
  code: z.enum(REDIS_PROBLEMS),
  /** Whether faults are not admitted because of it: `/readyz` fails. */
  blocks: z.boolean(),
  message: z.string(),
});
export type RedisProblem = z.infer<typeof RedisProblem>;

/** A value in Redis that could not be read, and was moved aside. */
export const DamagedValue = z.object({
  /** The key it was under, or `key field` for a field of a hash. */
  name: z.string(),
  reason: z.string(),
  /** When it was moved, RFC 3339. */
  at: z.string(),
  /** The key it is under now; missing for a field, whose value is kept with this record. */
  moved_to: z.string().optional(),
});
export type DamagedValue = z.infer<typeof DamagedValue>;

/** The state of Redis in `GET /health/clusters`, where it has problems or damaged values. */
export const RedisHealth = z.object({
  problems: z.array(RedisProblem),
  /** The number of damaged values that were moved aside, and the latest of them. */
  damaged: z.object({ count: z.number(), latest: z.array(DamagedValue) }).optional(),
});
export type RedisHealth = z.infer<typeof RedisHealth>;
