import { z } from 'zod';
import { ResourceReference } from '../faults/fault.ts';
import { Severity } from '../faults/severity.ts';
import { SYMPTOM_FAMILIES } from './symptom-families.ts';

export const PROBLEM_STATES = ['firing', 'recovered', 'closed'] as const;
export const ProblemState = z.enum(PROBLEM_STATES);
export type ProblemState = z.infer<typeof ProblemState>;

/**
 * The states of a problem, each with those that can follow. `lua/state/change-problem.lua` of the state package is the only
 * writer.
 */
export const PROBLEM_TRANSITIONS = {
  /** Something shows it, or nothing has shown its absence for long enough. */
  firing: ['recovered'],
  /** A fault reopens it within `reopen_window`. */
  recovered: ['firing', 'closed'],
  /** A fault is a new problem under the same key. */
  closed: ['firing'],
} as const satisfies Record<ProblemState, readonly ProblemState[]>;

/** The state of one symptom, as the detector keeps it. */
export const SYMPTOM_STATES = ['firing', 'cleared'] as const;

/** A symptom as it is remembered. Times are milliseconds since the epoch. */
export const RememberedSymptom = z.object({
  state: z.enum(SYMPTOM_STATES),
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

/** Who has taken a problem over. */
export const Acknowledgement = z.object({
  by: z.string(),
  /** RFC 3339. */
  at: z.string(),
  comment: z.string().optional(),
});
export type Acknowledgement = z.infer<typeof Acknowledgement>;

/** What silences a problem: it is counted and listed, and neither investigated nor notified. */
export const SilencedBy = z.object({
  /** The author, or the source: `maintenance`, `annotation`. */
  by: z.string(),
  /** RFC 3339. Missing: until it is lifted. */
  until: z.string().optional(),
  reason: z.string(),
  /** Id of the silence, where it has one. */
  id: z.string().optional(),
});
export type SilencedBy = z.infer<typeof SilencedBy>;

/** Where a problem is, beside what its key says. */
export const ProblemPlace = z.object({
  environment: z.string().optional(),
  /** Those of the cluster. */
  labels: z.record(z.string(), z.string()),
  /** Name of the node that its object runs on. */
  node: z.string().optional(),
});
export type ProblemPlace = z.infer<typeof ProblemPlace>;

/** What is wrong with one workload or node until it is not. Times are milliseconds since the epoch. */
export const Problem = z.object({
  cluster: z.string(),
  /** See `problemKey`. */
  key: z.string(),
  state: ProblemState,
  /** The highest of its firing symptoms; of all of them when none is firing. */
  severity: Severity,
  since: z.number(),
  changed_at: z.number(),
  recovered_at: z.number().optional(),
  closed_at: z.number().optional(),
  /** Missing while nothing of it was admitted. */
  place: ProblemPlace.optional(),
  symptoms: z.array(RememberedSymptom),
  /** Ids of its incidents, the latest first. */
  incidents: z.array(z.string()),
  /** How often a fault of it was received again since it began. */
  recurrences: z.number().int().nonnegative().default(0),
  flapping: z.boolean().default(false),
  acknowledged: Acknowledgement.optional(),
  silenced: SilencedBy.optional(),
  /** Of a failure of Nightcrier: the part that fails, and what is wrong. */
  component: z.string().optional(),
  message: z.string().optional(),
  /** Of a storm: keys of the problems that this one stands for, or the key of the one that stands for this. */
  members: z.array(z.string()).optional(),
  member_of: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;
