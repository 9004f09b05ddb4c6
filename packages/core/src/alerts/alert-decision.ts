import { SEVERITIES, type Severity } from '../faults/severity.ts';

/** What is remembered of an alert that was received before. Times are milliseconds since the epoch. */
interface KnownAlert {
  state: 'firing' | 'resolved';
  startsAt: number;
  /** When it ended; only of a resolved one. */
  endedAt?: number | undefined;
  /** When what is remembered was received. */
  receivedAt: number;
}

/**
 * What a received alert means.
 * - `fired`: it is a fault.
 * - `resent`: it was received before, or belongs to a fault that was.
 * - `resolved`: it has ended.
 * - `ignored`: it ended before anything was known of it, or a later one of the same alert has been recorded.
 */
export type AlertChange = 'fired' | 'resent' | 'resolved' | 'ignored';

export interface AlertSituation {
  alert: { resolved: boolean; startsAt: number; receivedAt: number; severity: Severity };
  known: KnownAlert | undefined;
  /** The highest severity of the firing alerts of the same rule about the same workload; undefined when none is firing. */
  firing: Severity | undefined;
}

/**
 * Decides whether an alert is news. Senders repeat an alert as long as it fires, and a pair of them sends each alert twice, with
 * starts of its own. An alert that fires again is a fault again only if it started after its former end: otherwise a sender
 * that was silent for a while continues the former one.
 */
export function decideAlert({ alert, known, firing }: AlertSituation): AlertChange {
  if (known && alert.receivedAt < known.receivedAt) return 'ignored';
  if (alert.resolved) return known?.state === 'firing' ? 'resolved' : 'ignored';
  if (known?.state === 'firing') return 'resent';
  if (known && alert.startsAt <= (known.endedAt ?? known.startsAt)) return 'resent';
  const isMoreSevere = firing !== undefined && SEVERITIES.indexOf(alert.severity) > SEVERITIES.indexOf(firing);
  return firing === undefined || isMoreSevere ? 'fired' : 'resent';
}
