import { z } from 'zod';
import { FaultEvent } from '../faults/fault.ts';
import { SYMPTOM_FAMILIES } from '../problems/symptom-families.ts';
import { Alert } from './alert.ts';

/** An alert as it is remembered in Redis, with what it was assigned to. Times are milliseconds since the epoch. */
export const StoredAlert = z.object({
  alert: Alert,
  state: z.enum(['firing', 'resolved']),
  starts_at: z.number(),
  ended_at: z.number().optional(),
  received_at: z.number(),
  /** While firing: when it counts as resolved unless it is received again. Once resolved: when it is forgotten. */
  until: z.number(),
  /** See `problemKey`. */
  problem: z.string(),
  /** See `symptomName`. */
  symptom: z.string(),
  workload: z.object({ namespace: z.string().optional(), name: z.string() }),
  family: z.enum(SYMPTOM_FAMILIES),
  container: z.string().optional(),
  fault_type: z.string(),
  severity: FaultEvent.shape.severity,
  resource: FaultEvent.shape.resource,
});
export type StoredAlert = z.infer<typeof StoredAlert>;
