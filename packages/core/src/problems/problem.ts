import { z } from 'zod';
import { ResourceReference } from '../faults/fault.ts';
import { Severity } from '../faults/severity.ts';
import { SYMPTOM_FAMILIES } from './symptom-families.ts';

export const PROBLEM_STATES = ['firing', 'cleared'] as const;
export const ProblemState = z.enum(PROBLEM_STATES);
export type ProblemState = z.infer<typeof ProblemState>;

/** A symptom as it is remembered. Times are milliseconds since the epoch. */
export const RememberedSymptom = z.object({
  state: ProblemState,
  family: z.enum(SYMPTOM_FAMILIES),
  container: z.string().optional(),
  workload: z.object({ namespace: z.string().optional(), name: z.string() }),
  fault_type: z.string(),
  severity: Severity,
  resource: ResourceReference,
  fault_id: z.string(),
  /** When it began, as far as the cluster tells. */
  since: z.number(),
  /** When it became a fault. */
  fired_at: z.number(),
  /** When it had recovered. */
  cleared_at: z.number().optional(),
});
export type RememberedSymptom = z.infer<typeof RememberedSymptom>;

/** What is wrong with one workload until it is not. Times are milliseconds since the epoch. */
export const Problem = z.object({
  cluster: z.string(),
  /** See `problemKey`. */
  key: z.string(),
  state: ProblemState,
  /** The highest of its firing symptoms; of all of them when none is firing. */
  severity: Severity,
  since: z.number(),
  changed_at: z.number(),
  cleared_at: z.number().optional(),
  symptoms: z.array(RememberedSymptom),
  /** Ids of its incidents, the latest first. */
  incidents: z.array(z.string()),
});
export type Problem = z.infer<typeof Problem>;
