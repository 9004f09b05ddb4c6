import { workloadOf } from '@nightcrier/core/faults/group-key';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { type Notification, notificationId } from '@nightcrier/core/incidents/notification';
import type { NotifiedProblem, ProblemEvent } from '@nightcrier/core/problems/problem-notification';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';

/** What a notification is about, before it is redacted. */
export interface EarlierContent {
  id: string;
  subject: string;
  event: ProblemEvent;
  at: string;
  problem: NotifiedProblem;
  incident: Incident | undefined;
}

/**
 * Returns a notification that is not about a problem as if it were: the end of an incident, and the state of the agents. Earlier
 * versions notify of nothing else, and their jobs and outbox entries may still be in Redis.
 * @returns undefined when the incident is missing or open
 */
export async function fromEarlier(
  notification: Notification,
  incidents: Pick<IncidentStore, 'get'>,
): Promise<EarlierContent | undefined> {
  const id = notificationId(notification);
  switch (notification.event) {
    case 'agents_degraded': {
      const { since, agent, failures, reason } = notification;
      const message = `Agent ${agent} is degraded: failures in a row: ${failures}. The last one: ${reason}`;
      return ofAgents(id, { since, at: since, agent, state: 'firing', message });
    }
    case 'agents_recovered': {
      const { since, at, agent, failures, passed_over } = notification;
      const message = `Agent ${agent} works again. Failures in a row: ${failures}. Incidents given to fallback agents: ${passed_over}`;
      return ofAgents(id, { since, at, agent, state: 'recovered', message });
    }
    case 'incident_resolved':
    case 'incident_failed':
    case 'incident_agent_failed':
    case 'incident_recurred': {
      const incident = await incidents.get(notification.incident_id);
      return incident && isFinal(incident.state) ? ofIncident(id, notification.event, incident) : undefined;
    }
    default:
      return notification satisfies never;
  }
}

const EVENTS = {
  incident_resolved: 'reported',
  incident_failed: 'investigation_failed',
  incident_agent_failed: 'investigation_failed',
  incident_recurred: 'recurred',
} as const;

function ofIncident(id: string, event: keyof typeof EVENTS, incident: Incident): EarlierContent {
  const { cluster_event: source, recurrences, first_seen, finished_at } = incident;
  const { event: fault } = source;
  return {
    id,
    // Each incident has a conversation of its own, as in the version that wrote the notification.
    subject: incident.incident_id,
    event: EVENTS[event],
    at: finished_at ?? incident.last_seen,
    problem: {
      cluster: source.cluster_name,
      key: source.problem ?? incident.fingerprint,
      state: 'firing',
      severity: fault.severity,
      since: first_seen,
      environment: source.environment,
      labels: source.labels,
      namespace: fault.resource.namespace,
      workload: workloadOf(fault.resource),
      ...(fault.resource.kind === 'Node' && { node: fault.resource.name }),
      fault_types: [fault.faultType],
      symptoms: [],
      recurrences,
      flapping: false,
    },
    incident,
  };
}

interface AgentsState {
  since: number;
  at: number;
  agent: string;
  state: 'firing' | 'recovered';
  message: string;
}

function ofAgents(id: string, { since, at, agent, state, message }: AgentsState): EarlierContent {
  return {
    id,
    subject: `-/component:agents:${agent}`,
    event: state,
    at: new Date(at).toISOString(),
    problem: {
      cluster: '-',
      key: `component:agents:${agent}`,
      state,
      severity: 'warning',
      since: new Date(since).toISOString(),
      ...(state === 'recovered' && { recovered_at: new Date(at).toISOString() }),
      labels: {},
      workload: agent,
      fault_types: ['AgentsDegraded'],
      symptoms: [],
      recurrences: 0,
      flapping: false,
      component: 'agents',
      message,
    },
    incident: undefined,
  };
}
