import { type AgentFailure, describeFailure } from '@nightcrier/core/incidents/agent-failure';
import type { Config } from '@nightcrier/core/settings/config';
import { cancelledReason } from '@nightcrier/core/incidents/cancel-request';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import { expiredReason } from '@nightcrier/state/queue/queue-sweep';
import { accessSync, constants, statSync } from 'node:fs';
import { queueWaitSeconds } from '@nightcrier/runtime/metrics/process-metrics';
import type { Claim } from '../claim.ts';
import { hasLastResort } from '../roster.ts';
import type { TriageContext } from '../triage-context.ts';
import { TriageEnded } from '../triage-ended.ts';
import { workspaceOf } from '../workspace/workspace.ts';

/**
 * Decides whether to investigate (design.md, "Triage Disabled Behavior"), by the current configuration: an incident can wait
 * for hours. Call {@link beginAttempt} after it.
 * @param row of the incident, being read
 * @throws TriageEnded `skipped`, `cancelled`, `expired` or `failed`
 */
export async function claim(
  incidentId: string,
  row: Promise<Incident | undefined>,
  { config, incidents }: Pick<TriageContext, 'config' | 'incidents'>,
): Promise<Claim> {
  const incident = await openIncident(incidentId, row, incidents);
  requireNotCancelled(incident);
  requireFresh(incident, config);
  const exhausted = requireAttempts(incident, config);
  const { cluster_name: name, kubeconfig: kubeconfigAtIntake } = incident.cluster_event;
  const cluster = config.clusters.find((candidate) => candidate.name === name);
  if (!cluster) {
    throw failed(`cluster ${name} is not in this worker's configuration; add it to clusters, and requeue the incident`);
  }
  if (!cluster.triage.enabled) {
    throw new TriageEnded({ kind: 'skipped', reason: `triage is disabled for cluster ${name}: triage.enabled=false` });
  }
  const kubeconfig = cluster.triage.kubeconfig ?? kubeconfigAtIntake;
  if (kubeconfig === undefined) {
    throw failed(`cluster ${name} has no kubeconfig for triage; set triage.kubeconfig, and requeue the incident`);
  }
  requireReadable(kubeconfig, name);
  return {
    incident: { ...incident, attempts: incident.attempts + 1 },
    cluster,
    kubeconfig,
    resumed: incident.started_at !== undefined,
    ...(exhausted && { exhausted }),
  };
}

/**
 * Counts the attempt on the incident's row. No agent may start before that.
 * @throws TriageEnded `skipped` or `requeue`
 */
export async function beginAttempt(
  { incident }: Pick<Claim, 'incident'>,
  { config, incidents }: Pick<TriageContext, 'config' | 'incidents'>,
): Promise<void> {
  const { incident_id: id, attempts } = incident;
  const { directory } = workspaceOf(config.workspace_root, id);
  const begun = await incidents.begin(id, { workspace: directory, agent: config.agent_cli });
  if (begun.kind !== 'changed') {
    throw new TriageEnded({ kind: 'skipped', reason: 'the incident ended during its claim' });
  }
  if (begun.attempts !== attempts) {
    throw new TriageEnded({ kind: 'requeue', reason: 'another worker started the incident during its claim' });
  }
  const { event, received_at } = incident.cluster_event;
  if (attempts === 1)
    queueWaitSeconds.observe({ severity: event.severity }, Math.max(0, Date.now() - Date.parse(received_at)) / 1000);
}

async function openIncident(
  incidentId: string,
  row: Promise<Incident | undefined>,
  incidents: TriageContext['incidents'],
): Promise<Incident> {
  let incident: Incident | undefined;
  try {
    incident = await row;
  } catch (error) {
    if (!(error instanceof CorruptIncidentError)) throw error;
    await incidents.setAside(incidentId, error.message);
    throw failed(error.message);
  }
  if (!incident) throw failed(`incident ${incidentId} has no row; it was removed while it was queued`);
  // The previous worker died between its writes to row and queue.
  if (isFinal(incident.state)) {
    throw new TriageEnded({ kind: 'skipped', reason: `the incident has ended already: ${incident.state}` });
  }
  return incident;
}

/** Applies a request to cancel whose worker died. */
function requireNotCancelled({ cancel_requested_at, cancel_requested_by: by, cancel_reason: reason }: Incident): void {
  if (cancel_requested_at === undefined) return;
  throw new TriageEnded({ kind: 'cancelled', reason: cancelledReason({ by, reason }) });
}

/** The age limit does not apply to an incident with a started attempt. */
function requireFresh({ created_at, started_at }: Incident, { max_queue_age_seconds: most }: Config): void {
  if (most === 0 || started_at !== undefined || Date.now() - Date.parse(created_at) <= most * 1000) return;
  throw new TriageEnded({ kind: 'expired', reason: expiredReason(most) });
}

/**
 * Requires an attempt that is left; attempts whose worker died count like the others. Returns a failure if the built-in
 * analyser reports instead of an agent.
 */
function requireAttempts(incident: Incident, config: Config): AgentFailure | undefined {
  const { attempts, state, last_failure = 'unknown' } = incident;
  if (attempts < config.max_attempts) return undefined;
  const reason = state === 'investigating' ? `attempt ${attempts}: its worker died or hung` : last_failure;
  const exhausted: AgentFailure = { kind: 'attempts_exhausted', agent: config.agent_cli, attempts, reason };
  // Once: if the analyser crashes its worker, the incident fails.
  if (hasLastResort(config) && attempts === config.max_attempts) return exhausted;
  throw failed(describeFailure(exhausted));
}

function requireReadable(kubeconfig: string, cluster: string): void {
  const advice = `correct triage.kubeconfig of cluster ${cluster}, or mount the file on this worker, and requeue the incident`;
  try {
    accessSync(kubeconfig, constants.R_OK);
  } catch (cause) {
    throw failed(`kubeconfig ${kubeconfig} cannot be read; ${advice}`, cause);
  }
  if (!statSync(kubeconfig).isFile()) throw failed(`kubeconfig ${kubeconfig} is not a file; ${advice}`);
}

function failed(reason: string, cause?: unknown): TriageEnded {
  return new TriageEnded({ kind: 'failed', reason }, { cause });
}
