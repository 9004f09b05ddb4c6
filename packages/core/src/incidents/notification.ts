import { z } from 'zod';

/** What an incident's end can be news of. The list is closed; which outcome is which, `settle.ts` says. */
export const INCIDENT_ENDS = ['incident_resolved', 'incident_failed', 'incident_agent_failed'] as const;
export const IncidentEndEvent = z.enum(INCIDENT_ENDS);
export type IncidentEndEvent = z.infer<typeof IncidentEndEvent>;

/**
 * Something that people are told. Of an incident it says only which one: what is told is read when it is sent, so that it
 * is what is true then. Times are in ms since the epoch.
 */
export const Notification = z.discriminatedUnion('event', [
  z.object({ event: IncidentEndEvent, incident_id: z.string() }),
  /** The fault of an incident that has ended came again. */
  z.object({ event: z.literal('incident_recurred'), incident_id: z.string(), recurrences: z.number() }),
  /** So many agents in a row gave no report. */
  z.object({
    event: z.literal('agents_degraded'),
    since: z.number(),
    agent: z.string(),
    failures: z.number(),
    /** Of the last failure. */
    reason: z.string(),
  }),
  /** The agent works again. */
  z.object({
    event: z.literal('agents_recovered'),
    since: z.number(),
    at: z.number(),
    agent: z.string(),
    failures: z.number(),
    /** Incidents that were not given to it meanwhile. */
    passed_over: z.number(),
  }),
]);
export type Notification = z.infer<typeof Notification>;
export type NotificationEvent = Notification['event'];

/**
 * The identity of a notification: the same however often, and by whichever worker, it is sent. Letters, digits, `-`, `_`. All
 * recurrences of an incident have one: what is told of them is how many there are.
 */
export function notificationId(notification: Notification): string {
  switch (notification.event) {
    case 'incident_resolved':
    case 'incident_failed':
    case 'incident_agent_failed':
    case 'incident_recurred':
      return `${notification.incident_id}-${notification.event}`;
    case 'agents_degraded':
    case 'agents_recovered':
      return `${notification.event}-${notification.since}`;
    default:
      return notification satisfies never;
  }
}
