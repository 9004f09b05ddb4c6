import type { Notification } from '@nightcrier/core/incidents/notification';
import type { ProblemNotification } from '@nightcrier/core/problems/problem-notification';

/**
 * Returns what targets that know incidents alone are notified of a change of a problem: that it was investigated, and that it
 * recurred. Undefined: nothing.
 */
export function notificationOfProblem({ event, problem, incident }: ProblemNotification): Notification | undefined {
  if (incident === undefined) return undefined;
  const { id: incident_id, state } = incident;
  switch (event) {
    case 'reported':
      return { event: 'incident_resolved', incident_id };
    case 'investigation_failed':
      return { event: state === 'agent_failed' ? 'incident_agent_failed' : 'incident_failed', incident_id };
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
