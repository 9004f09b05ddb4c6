import type { AuditEntry } from '@nightcrier/core/access/audit-entry';
import type { Incident } from '@nightcrier/core/incidents/incident';
import type { ReportFeedback } from '@nightcrier/core/incidents/report-feedback';
import type { Problem } from '@nightcrier/core/problems/problem';
import { redactIncident } from '@nightcrier/redaction/redact-incident';
import { redactText } from '@nightcrier/redaction/redact-text';
import { redactValue } from '@nightcrier/redaction/redact-value';
import { CorruptIncidentError } from '@nightcrier/state/incidents/incident-row';
import type { Delivery } from '@nightcrier/state/notifications/deliveries';
import type { ApiContext } from '../../api-context.ts';
import { noProblem, type ProblemName } from '../../changes/problem-changes.ts';
import { readDoors, type RunDoors } from './doors.ts';
import { type EvidenceFiles, listEvidence } from './evidence-files.ts';

/** Everything that a problem's page shows. */
export interface ProblemData {
  problem: Problem;
  /** The latest first. */
  incidents: Incident[];
  /** The latest with a report, and its Markdown. */
  reported?: { incident: Incident; markdown: string | undefined } | undefined;
  feedback: ReportFeedback[];
  /** The targets that are notified. */
  targets: string[];
  /** The latest first. */
  deliveries: Delivery[];
  audit: AuditEntry[];
  doors: RunDoors | undefined;
  evidence: EvidenceFiles | undefined;
}

const MOST_INCIDENTS = 10;

/** @throws ApiError problem_not_found */
export async function readProblem(context: ApiContext, { cluster, key }: ProblemName): Promise<ProblemData> {
  const { problems, incidents: store, conversations } = context;
  const stored = await problems.get(cluster, key);
  if (!stored) throw noProblem(cluster, key);
  const ids = stored.incidents.slice(0, MOST_INCIDENTS);
  const incidents = (await Promise.all(ids.map((id) => readIncident(context, id)))).filter((one) => one !== undefined);
  const withReport = incidents.find(({ report }) => report);
  const run = withReport ?? incidents[0];
  const name = `${cluster}/${key}`;
  const [problem, markdown, feedback, conversation, deliveries, audit, doors, evidence] = await Promise.all([
    redactValue(stored),
    withReport && store.report(withReport.incident_id).then((text) => text && redactText(text)),
    withReport ? context.feedback.read(withReport.incident_id) : [],
    conversations.read(name),
    context.deliveries.read(name).then(redactValue),
    auditOf(context, new Set([name, ...stored.incidents])),
    run && readDoors(context, run),
    run && listEvidence(context.config()?.workspace_root, run),
  ]);
  return {
    problem,
    incidents,
    reported: withReport && { incident: withReport, markdown: markdown || undefined },
    feedback,
    targets: [...conversation.targets.keys()],
    deliveries,
    audit,
    doors,
    evidence,
  };
}

async function readIncident({ incidents }: ApiContext, id: string): Promise<Incident | undefined> {
  try {
    const incident = await incidents.get(id);
    return incident && (await redactIncident(incident));
  } catch (error) {
    if (error instanceof CorruptIncidentError) return undefined;
    throw error;
  }
}

/** Entries of the audit log that are searched for those about one problem. */
const SEARCHED = 2_000;
const PAGE = 500;

async function auditOf({ audit }: ApiContext, subjects: ReadonlySet<string>): Promise<AuditEntry[]> {
  const found: AuditEntry[] = [];
  let cursor: string | undefined;
  for (let read = 0; read < SEARCHED; read += PAGE) {
    const { entries, next_cursor: next } = await audit.page({ limit: PAGE, cursor });
    found.push(...entries.filter(({ subject }) => subjects.has(subject)));
    if (next === undefined) break;
    cursor = next;
  }
  return found;
}
