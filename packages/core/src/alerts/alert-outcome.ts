import { z } from 'zod';
import { DROPPED_ALERTS } from './map-alert.ts';

/** What a received alert ended as. The list is closed: each outcome is a counter and a metric label. */
export const ALERT_OUTCOMES = ['fired', 'resent', 'resolved', 'ignored', 'malformed', ...DROPPED_ALERTS] as const;
export type AlertOutcome = (typeof ALERT_OUTCOMES)[number];

/** An alert that names no configured cluster, or nothing in it, as it is listed for the operator. */
export const UnassignedAlert = z.object({
  reason: z.enum(DROPPED_ALERTS),
  labels: z.record(z.string(), z.string()),
  /** RFC 3339 */
  received_at: z.string(),
});
export type UnassignedAlert = z.infer<typeof UnassignedAlert>;
