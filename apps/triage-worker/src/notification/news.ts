import { type Notification, notificationId } from '@nightcrier/core/incidents/notification';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { redactIncident } from '@nightcrier/redaction/redact-incident';
import { redactText } from '@nightcrier/redaction/redact-text';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';

type AgentsNotification = Extract<Notification, { event: 'agents_degraded' | 'agents_recovered' }>;
type IncidentNotification = Exclude<Notification, AgentsNotification>;

/** News of an incident, with what is known of it when it is told. Nothing in it is secret as far as the rules know. */
export interface IncidentNews {
  id: string;
  event: IncidentNotification['event'];
  incident: Incident;
  /** Markdown. */
  report?: string;
  /** Where the report is read. */
  reportUrl?: string;
}

/** News of the agents of all incidents. */
export interface AgentsNews {
  id: string;
  event: AgentsNotification['event'];
  notification: AgentsNotification;
}

export type News = IncidentNews | AgentsNews;

/** Whether it is news of one incident. */
export function isOfIncident(news: News): news is IncidentNews {
  return 'incident' in news;
}

/**
 * Reads what a notification tells.
 * @param publicUrl address of the API for people (`public_url`)
 * @returns undefined when the incident is not there any more, or has been begun again
 */
export async function readNews(
  notification: Notification,
  incidents: IncidentStore,
  publicUrl: string | undefined,
): Promise<News | undefined> {
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
