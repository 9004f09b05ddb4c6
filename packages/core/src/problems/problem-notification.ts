import { z } from 'zod';
import { Severity } from '../faults/severity.ts';
import { IncidentState } from '../incidents/incident.ts';
import { Acknowledgement, ProblemState, SilencedBy } from './problem.ts';

/** What is notified of a problem. The list is closed. */
export const PROBLEM_EVENTS = [
  /** It has begun, and its investigation is queued. */
  'firing',
  /** A report on it exists. */
  'reported',
  /** Its investigation has ended without a report. */
  'investigation_failed',
  /** Its fault was received again; `recurrences` counts them. Several become one notification. */
  'recurred',
  /** It had recovered, and is firing again within `reopen_window`, or fires steadily after it was flapping. */
  'reopened',
  /** A fault of it is more severe than all before. */
  'severity_raised',
  /** It has recovered too often in an hour; until that ends, neither `recovered` nor `reopened` is notified. */
  'flapping',
  /** Its symptoms are absent, or its object is gone, for long enough. */
  'recovered',
  /** Somebody has taken it over, or has given it back: then `acknowledged` is missing. */
  'acknowledged',
  /** It has been recovered for `reopen_window`: the next fault is another problem. */
  'closed',
] as const;
export const ProblemEvent = z.enum(PROBLEM_EVENTS);
export type ProblemEvent = z.infer<typeof ProblemEvent>;

/** A problem as it was when the event happened. Times are RFC 3339. */
export const NotifiedProblem = z.object({
  /** `-` for a failure of Nightcrier that concerns no cluster. */
  cluster: z.string(),
  /** See `problemKey`; `component:…` for a failure of Nightcrier. */
  key: z.string(),
  state: ProblemState,
  severity: Severity,
  since: z.string(),
  recovered_at: z.string().optional(),
  environment: z.string().optional(),
  /** Those of the cluster. */
  labels: z.record(z.string(), z.string()),
  namespace: z.string().optional(),
  /** Name of the resolved owner, `Node/node-1` for an object that belongs to no workload. */
  workload: z.string(),
  node: z.string().optional(),
  /** The types of its faults, the latest first. */
  fault_types: z.array(z.string()),
  /** Its symptoms, those that are firing first: `app/crash`, see `symptomName`. */
  symptoms: z.array(z.string()),
  /** How often a fault of it was received again. */
  recurrences: z.number().int().nonnegative(),
  flapping: z.boolean(),
  /** Only of a failure of Nightcrier: the part that fails, such as `worker` or `receiver`. */
  component: z.string().optional(),
  /** What is wrong, in one sentence; only of a failure of Nightcrier. */
  message: z.string().optional(),
  acknowledged: Acknowledgement.optional(),
  silenced: SilencedBy.optional(),
  /** Keys of the problems that it stands for, see `storm_threshold`. */
  members: z.array(z.string()).optional(),
});
export type NotifiedProblem = z.infer<typeof NotifiedProblem>;

/** The investigation of a problem as a notification shows it. */
export const NotifiedIncident = z.object({
  id: z.string(),
  state: IncidentState,
  /** That of the report. */
  title: z.string().optional(),
  /** A code of docs/causes.md. */
  cause: z.string().optional(),
  root_cause: z.string().optional(),
  /** Percent. */
  confidence: z.number().optional(),
  determined: z.boolean().optional(),
  recommendations: z.array(z.string()),
  /** Why there is no report, or why a fallback agent wrote it. */
  reason: z.string().optional(),
  agent: z.string().optional(),
  /** Path of the report below `public_url`. Missing while there is none. */
  report: z.string().optional(),
});
export type NotifiedIncident = z.infer<typeof NotifiedIncident>;

/**
 * One change of a problem that receivers are notified of. It is written in the same step as the change, and is delivered to each
 * receiver at least once.
 */
export const ProblemNotification = z.object({
  /** The same for every delivery attempt by any worker. Letters, digits and `-`. All recurrences of one spell share an id. */
  id: z.string().regex(/^[A-Za-z0-9-]+$/),
  /** Grows with each notification of the installation: a lower one happened before. */
  sequence: z.number().int().nonnegative(),
  event: ProblemEvent,
  /** When it happened, RFC 3339. */
  at: z.string(),
  problem: NotifiedProblem,
  /** The latest investigation, as it is when the notification is read. Failures of Nightcrier have none. */
  incident: NotifiedIncident.optional(),
});
export type ProblemNotification = z.infer<typeof ProblemNotification>;
