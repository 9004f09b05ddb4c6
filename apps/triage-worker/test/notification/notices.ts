import type { Incident } from '@nightcrier/core/incidents/incident';
import { incidentFacts } from '../../src/notification/content/incident-facts.ts';
import type { Notice } from '../../src/notification/content/notice.ts';

/** Returns the notice of an incident that has a report. */
export function noticeOf(incident: Incident, reportUrl?: string): Notice {
  const { cluster_event: source } = incident;
  return {
    id: incident.incident_id,
    subject: `${source.cluster_name}/shop/${incident.incident_id}`,
    event: 'reported',
    repeat: false,
    at: incident.last_seen,
    problem: {
      cluster: source.cluster_name,
      key: 'shop/cart',
      state: 'firing',
      severity: source.event.severity,
      since: incident.first_seen,
      environment: source.environment,
      labels: { team: source.event.context ?? '' },
      namespace: source.event.resource.namespace,
      workload: source.event.resource.name,
      fault_types: [source.event.faultType],
      symptoms: [],
      recurrences: incident.recurrences,
      flapping: false,
    },
    incident: incidentFacts(incident, reportUrl),
  };
}
