import { type Notification, notificationId } from '@nightcrier/core/incidents/notification';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { redactIncident } from '@nightcrier/redaction/redact-incident';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';

type AgentsNotification = Extract<Notification, { event: 'agents_degraded' | 'agents_recovered' }>;
type IncidentNotification = Exclude<Notification, AgentsNotification>;

/** A notification about an incident, with the incident's state at delivery. Redacted. */
export interface IncidentNotice {
  id: string;
  event: IncidentNotification['event'];
  incident: Incident;
  /** Markdown. */
  report?: string;
  /** URL of the report. */
  reportUrl?: string;
}

/** A notification about the agents of all incidents. */
export interface AgentsNotice {
  id: string;
  event: AgentsNotification['event'];
  notification: AgentsNotification;
}

export type Notice = IncidentNotice | AgentsNotice;

/** Returns whether the notice is about one incident. */
export function isIncidentNotice(notice: Notice): notice is IncidentNotice {
  return 'incident' in notice;
}

/**
 * Reads the content of a notification.
 * @param publicUrl address of the API for people (`public_url`)
 * @returns undefined when the incident is missing, or was started again
 */
export async function readNotice(
  notification: Notification,
  incidents: IncidentStore,
  publicUrl: string | undefined,
): Promise<Notice | undefined> {
  const id = notificationId(notification);
  if (notification.event === 'agents_degraded') {
    return {
      id,
      event: notification.event,
      notification: { ...notification, reason: await redactText(notification.reason) },
    };
  }
  if (notification.event === 'agents_recovered') return { id, event: notification.event, notification };

  const { event, incident_id } = notification;
  const incident = await incidents.get(incident_id);
  if (!incident || !isFinal(incident.state)) return undefined;
  const report = await incidents.report(incident_id);
  const reportUrl = `${publicUrl?.replace(/\/+$/, '')}/api/incidents/${encodeURIComponent(incident_id)}/report`;
  return {
    id,
    event,
    incident: await redactIncident(incident),
    ...(report !== undefined && { report: await redactText(report) }),
    ...(report !== undefined && publicUrl !== undefined && { reportUrl }),
  };
}
