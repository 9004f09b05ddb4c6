import type { Notification } from '@nightcrier/core/incidents/notification';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { StoredProblemNotification } from '@nightcrier/state/notifications/problem-outbox';

/**
 * Returns what targets that know incidents alone are notified of a change of a problem: that it was investigated, and that it
 * recurred. Undefined: nothing.
 */
export async function notificationOfProblem(
  { event, problem, incident_id }: StoredProblemNotification,
  incidents: IncidentStore,
): Promise<Notification | undefined> {
  if (incident_id === undefined) return undefined;
  switch (event) {
    case 'reported':
      return { event: 'incident_resolved', incident_id };
    case 'investigation_failed': {
      const incident = await incidents.get(incident_id).catch(() => undefined);
      return { event: incident?.state === 'agent_failed' ? 'incident_agent_failed' : 'incident_failed', incident_id };
    }
    case 'recurred':
      return { event: 'incident_recurred', incident_id, recurrences: problem.recurrences };
    case 'firing':
    case 'reopened':
    case 'severity_raised':
    case 'flapping':
    case 'recovered':
    case 'acknowledged':
    case 'closed':
      return undefined;
    default:
      return event satisfies never;
  }
}
