import type { Incident } from '@nightcrier/core/incidents/incident';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import { isTracing, recordSpan } from '@nightcrier/runtime/tracing/spans';
import type { TriageJob } from '@nightcrier/state/queue/triage-queue';
import type { Job } from 'bullmq';
import type { StageClock } from '../stage-clock.ts';

/** Outcomes after which the incident is investigated again. */
const UNFINISHED = new Set<TriageOutcome['kind']>(['requeue', 'retry']);

/** Records the spans of one attempt: the wait in the queue, its stages, and at the end the whole incident. Never rejects. */
export async function traceTriage(
  job: Job<TriageJob>,
  run: {
    row: Promise<Incident | undefined>;
    /** Milliseconds since the epoch. */
    claimedAt: number;
    outcome: TriageOutcome;
    stages: StageClock;
  },
): Promise<void> {
  if (!isTracing()) return;
  const { claimedAt, outcome, stages } = run;
  const { incident_id: incidentId, cluster_name: cluster } = job.data;
  const end = Date.now();
  const incident = await run.row.catch(() => undefined);
  const attributes = { 'nightcrier.cluster': cluster, 'nightcrier.outcome': outcome.kind };
  const error = 'reason' in outcome && typeof outcome.reason === 'string' ? outcome.reason : undefined;
  const queuedAt = job.attemptsMade === 0 && job.stalledCounter === 0 ? job.timestamp : (job.processedOn ?? claimedAt);
  recordSpan({ incidentId, name: 'queue', start: Math.min(queuedAt, claimedAt), end: claimedAt, attributes });
  recordSpan({ incidentId, name: 'triage', start: claimedAt, end, attributes, error });
  for (const { stage, ...times } of stages.spans())
    recordSpan({ incidentId, name: `triage ${stage}`, ...times, attributes });
  if (!UNFINISHED.has(outcome.kind)) traceIncident(job, incident, { outcome: outcome.kind, error });
}

/** Records the span of a whole incident, which ends now: the root of its trace. */
export function traceIncident(
  job: Job<TriageJob>,
  incident: Incident | undefined,
  { outcome, error }: { outcome: string; error: string | undefined },
): void {
  if (!isTracing()) return;
  const { incident_id: incidentId, cluster_name: cluster } = job.data;
  const attributes = { 'nightcrier.cluster': cluster, 'nightcrier.outcome': outcome };
  const end = Date.now();
  const { cluster_event: received } = incident ?? {};
  const start = received === undefined ? job.timestamp : Date.parse(received.received_at);
  const about = received && {
    'nightcrier.fault_type': received.event.faultType,
    'nightcrier.severity': received.event.severity,
    'k8s.namespace.name': received.event.resource.namespace,
  };
  recordSpan({ incidentId, name: 'incident', start, end, attributes: { ...attributes, ...about }, error });
}
