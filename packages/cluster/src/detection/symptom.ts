import type { ResourceReference } from '@nightcrier/core/faults/fault';
import type { Severity } from '@nightcrier/core/faults/severity';
import type { Workload } from '@nightcrier/core/problems/problem-key';
import { SYMPTOMS, type SymptomKind } from '@nightcrier/core/problems/symptom-table';
import type { Condition } from './objects/kinds.ts';

/** What one object shows to be wrong, before anybody decides whether it is a fault. */
export interface Symptom {
  kind: SymptomKind;
  /** Other than the table's, for Events of reasons that no row knows. */
  faultType?: string;
  severity?: Severity;
  resource: ResourceReference;
  container?: string | undefined;
  workload: Workload;
  context: string;
  /** When it began, ms since the epoch; in the future, it begins then; undefined: the cluster does not tell. */
  since: number | undefined;
  /** How far it has come: each further step begins the grace period anew, and so does a rollout of another revision. */
  progress?: { of: string; steps: number };
  /**
   * Whether it began no earlier than its object showed it: nothing was wrong while a CronJob was suspended, whatever its
   * schedule would have wanted.
   */
  isRecent?: boolean;
  /** Added to the grace period of the table, ms. */
  extraGrace?: number;
  /** When it stops to count because nothing has repeated it, ms since the epoch. */
  until?: number;
  /**
   * Whether it is a state that lasts (`now`), an end that its object shows until it is deleted (`ended`), or something
   * that is over already (`over`).
   */
  course: 'now' | 'ended' | 'over';
}

/** When a symptom becomes a fault, ms since the epoch, if it was first seen at `seenAt`. */
export function dueAt({ kind, since, extraGrace = 0 }: Symptom, seenAt: number): number {
  return (since ?? seenAt) + SYMPTOMS[kind].grace * 1000 + extraGrace;
}

/** RFC 3339 to ms since the epoch; undefined for anything else and for Go's zero time. */
export function timeOf(text: string | null | undefined): number | undefined {
  const time = text ? Date.parse(text) : Number.NaN;
  return time > 0 ? time : undefined;
}

export function latestOf(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

export function conditionOf(conditions: Condition[] | null | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** `Progressing=False (ProgressDeadlineExceeded): …` */
export function describeCondition({ type, status, reason, message }: Condition): string {
  return `${type}=${status}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`;
}
