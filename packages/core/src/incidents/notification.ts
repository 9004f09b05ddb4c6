import { z } from 'zod';

/**
 * Notification events for the end of an incident. The list is closed; `settle.ts` maps outcomes to events. Redis keeps the first one
 * under this name, which workers before 0.2 know; outside it is `incident_reported`, see {@link publicEvent}.
 */
export const INCIDENT_ENDS = ['incident_resolved', 'incident_failed', 'incident_agent_failed'] as const;
export const IncidentEndEvent = z.enum(INCIDENT_ENDS);
export type IncidentEndEvent = z.infer<typeof IncidentEndEvent>;

/**
 * A notification that is due. It names its incident only; the content is read when it is sent, so that it is current.
 * Times are in ms since the epoch.
 */
export const Notification = z.discriminatedUnion('event', [
  z.object({ event: IncidentEndEvent, incident_id: z.string() }),
  /** The fault of an ended incident was received again. */
  z.object({ event: z.literal('incident_recurred'), incident_id: z.string(), recurrences: z.number() }),
  /** `failures` agent runs in a row gave no report. */
  z.object({
    event: z.literal('agents_degraded'),
    since: z.number(),
    agent: z.string(),
    failures: z.number(),
    /** The reason of the last failure. */
    reason: z.string(),
  }),
  /** The agent gave a valid report again. */
  z.object({
    event: z.literal('agents_recovered'),
    since: z.number(),
    at: z.number(),
    agent: z.string(),
    failures: z.number(),
    /** Number of incidents that bypassed the agent while it was degraded. */
    passed_over: z.number(),
  }),
]);
export type Notification = z.infer<typeof Notification>;
export type NotificationEvent = Notification['event'];

/** Returns the name of an event outside of the installation. */
export function publicEvent(event: NotificationEvent): string {
  return event === 'incident_resolved' ? 'incident_reported' : event;
}

/**
 * Returns the identity of a notification, which is the same for every delivery attempt by any worker. Letters, digits, `-`
 * and `_`. All recurrences of an incident share one id, because the notification reports their number.
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
