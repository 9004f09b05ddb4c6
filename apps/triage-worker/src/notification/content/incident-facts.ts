import { describeResource } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';

/** The facts of an incident that notifications have. Texts are those of the cluster and the agent. */
export interface IncidentFacts {
  incident_id: string;
  state: Incident['state'];
  cluster: string;
  environment?: string;
  namespace?: string;
  /** `Pod shop/cart-7d4b9c-abcde` */
  resource: string;
  fault: string;
  severity: string;
  title?: string;
  summary?: string;
  root_cause?: string;
  /** Percent. */
  confidence?: number;
  /** A code of docs/causes.md; missing when the report has no diagnosis. */
  cause?: string;
  /** Whether the root cause is a conclusion; missing when the report states neither a diagnosis nor a confidence. */
  determined?: boolean;
  /** Version of the diagnosis; missing when the report has none. */
  diagnosis_version?: number;
  recommendations: string[];
  /** Articles of the team that match the incident. */
  knowledge?: { file: string; title: string; links: { title: string; url: string }[] }[];
  /** Why there is no report, or why a fallback agent wrote it. */
  reason?: string;
  agent?: string;
  /** Quotes in the report that are not in the recorded evidence. */
  unsupported_quotes?: number;
  /** Objects that the report names and that are not known to exist: `Pod shop/cart`. */
  unverified_resources?: string[];
  /** How often the same fault was received again. */
  recurrences: number;
  /** Faults that the incident covers. */
  members: number;
  /** From the receipt of the fault to the end of the investigation. */
  duration_seconds?: number;
  /** Of all agents that ran; missing if none ran. */
  tokens?: number;
  /** Missing if the cost is unknown. */
  cost_usd?: number;
  previous_incident_id?: string;
  report_url?: string;
  /** Times are RFC 3339. */
  received_at: string;
  created_at: string;
  started_at?: string;
  finished_at?: string;
}

export function incidentFacts(incident: Incident, reportUrl: string | undefined): IncidentFacts {
  const { cluster_event: source, report, usage, finished_at: finishedAt } = incident;
  return {
    incident_id: incident.incident_id,
    state: incident.state,
    cluster: source.cluster_name,
    environment: source.environment,
    namespace: source.event.resource.namespace,
    resource: describeResource(source.event.resource),
    fault: source.event.faultType,
    severity: incident.severity ?? source.event.severity,
    title: report?.title,
    summary: report?.summary,
    root_cause: report?.root_cause,
    confidence: report?.confidence,
    cause: report?.diagnosis?.hypotheses[0]?.cause,
    determined: incident.determined,
    diagnosis_version: incident.diagnosis_version,
    recommendations: report?.recommendations ?? [],
    knowledge: report?.knowledge,
    reason: incident.reason,
    agent: incident.agent,
    unsupported_quotes: report?.unsupported?.count,
    unverified_resources: report?.unverified?.map(({ kind, name, namespace }) =>
      describeResource({ apiVersion: 'v1', kind, name, namespace }),
    ),
    recurrences: incident.recurrences,
    members: incident.member_count,
    duration_seconds:
      finishedAt === undefined ? undefined : (Date.parse(finishedAt) - Date.parse(source.received_at)) / 1000,
    tokens: usage && usage.input_tokens + usage.output_tokens,
    cost_usd: usage?.cost_source === undefined ? undefined : usage.cost_usd,
    previous_incident_id: incident.previous_incident_id,
    report_url: reportUrl,
    received_at: source.received_at,
    created_at: incident.created_at,
    started_at: incident.started_at,
    finished_at: finishedAt,
  };
}
