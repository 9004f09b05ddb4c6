import { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import { NO_USAGE } from '@nightcrier/core/incidents/agent-usage';
import { FaultEvent } from '@nightcrier/core/faults/fault';
import { Severity } from '@nightcrier/core/faults/severity';
import { Incident, IncidentMember } from '@nightcrier/core/incidents/incident';
import { nameOfStored } from '@nightcrier/core/incidents/stored-name';
import { determinationOf, ReportSummary } from '@nightcrier/core/incidents/report';
import { z } from 'zod';
import { isIncidentId } from './incident-id.ts';

/** A field that holds JSON in a Redis hash. */
const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is not JSON (${String(error)})` });
    return z.NEVER;
  }
});

/** Reads an incident's own fault as its first member. */
const OwnFault = z
  .object({ event: FaultEvent, received_at: z.string() })
  .transform(({ event, received_at }) => ({ ...event, received_at }));

/** Prefix of the fields of faults that joined the incident. */
const MEMBER_FIELD = 'member:';
/** Prefix of the fields of what agents did through the gateway. */
export const GATEWAY_FIELD = 'gateway:';
/** Prefix of the fields of what agents have used. */
const USAGE_FIELD = 'usage:';
/** Lists the incident's own fault first, then the others in the order of receipt. */
const Members = z
  .tuple([OwnFault], json.pipe(IncidentMember))
  .transform(([own, ...others]) => [
    own,
    ...others.toSorted((one, other) => Date.parse(one.received_at) - Date.parse(other.received_at)),
  ]);

/**
 * A row as Redis returns it: every field is a string. Besides the fields of an {@link Incident} there are those that only
 * scripts read (`cluster_name`, `place`, which is the eviction score, `phase`, …). Numbers are plain fields, so that scripts
 * can increment them. Each further member is a field `member:<fault id>`, each figure of the usage a field `usage:<name>`. A
 * new row lacks what can be derived: its id, the times at which the fault was seen, and counts of 0.
 */
const IncidentRow = z
  .object({
    cluster_event: json,
    recurrences: z.coerce.number().default(0),
    attempts: z.coerce.number().default(0),
    other_members: z.coerce.number().default(0),
    report: json.optional(),
    // A newer worker may write kinds of failures that this process does not know.
    agent_failures: json.pipe(z.array(AgentFailure)).optional().catch(undefined),
    last_seen: z.string().optional(),
    severity: Severity.optional().catch(undefined),
    diagnosis_version: z.coerce.number().optional(),
    determined: z
      .enum(['true', 'false'])
      .transform((value) => value === 'true')
      .optional()
      .catch(undefined),
  })
  .loose()
  .transform((row, context): unknown => {
    const members = Members.safeParse(membersOf(row));
    if (!members.success) context.addIssue({ code: 'custom', message: `members: ${z.prettifyError(members.error)}` });
    const own = members.data?.[0];
    const received_at = own?.received_at;
    const seen = { first_seen: received_at, last_seen: later(row.last_seen, received_at) };
    // Rows of older versions have the determination in the report alone.
    const report = ReportSummary.safeParse(row.report);
    const determination = report.success ? determinationOf(report.data) : {};
    const known = Object.fromEntries(
      Object.entries({ diagnosis_version: row.diagnosis_version, determined: row.determined }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    return {
      ...row,
      state: nameOfStored(row.state),
      ...determination,
      ...known,
      ...seen,
      severity: row.severity ?? own?.severity,
      member_count: row.other_members + 1,
      members: members.data,
      usage: usageOf(row),
      gateway: gatewayOf(row),
    };
  })
  .pipe(Incident);

/** Returns the later time: a recurrence that waited in a spool may be older than the incident's own fault. */
function later(lastSeen: string | undefined, receivedAt: string | undefined): string | undefined {
  if (lastSeen === undefined || receivedAt === undefined) return lastSeen ?? receivedAt;
  return Date.parse(lastSeen) > Date.parse(receivedAt) ? lastSeen : receivedAt;
}

function membersOf(row: Record<string, unknown>): unknown[] {
  const others = Object.keys(row).filter((field) => field.startsWith(MEMBER_FIELD));
  return [row.cluster_event, ...others.map((field) => row[field])];
}

/** Returns what agents have used, undefined while none has run. */
function usageOf(row: Record<string, unknown>): object | undefined {
  const fields = Object.entries(row).filter(([field]) => field.startsWith(USAGE_FIELD));
  if (fields.length === 0) return undefined;
  const usage = fields.map(([field, value]) => [field.slice(USAGE_FIELD.length), value] as const);
  return {
    ...NO_USAGE,
    ...Object.fromEntries(usage.map(([field, value]) => [field, field === 'cost_source' ? value : Number(value)])),
  };
}

function gatewayOf(row: Record<string, unknown>): object | undefined {
  const fields = Object.entries(row).filter(([field]) => field.startsWith(GATEWAY_FIELD));
  if (fields.length === 0) return undefined;
  return Object.fromEntries(fields.map(([field, value]) => [field.slice(GATEWAY_FIELD.length), Number(value)]));
}

/** A row that cannot be read as an incident. */
export class CorruptIncidentError extends Error {
  readonly code = 'incident_corrupt';
  readonly incidentId: string;

  constructor(incidentId: string, cause: z.ZodError) {
    super(`incident ${incidentId} has an unreadable row: ${z.prettifyError(cause)}`, { cause });
    this.name = 'CorruptIncidentError';
    this.incidentId = incidentId;
  }
}

/** An id that is none would be used as the name of a folder. */
const NoId = z.never({ error: 'the id is no UUID' });

/**
 * Reads the hash of an incident.
 * @throws CorruptIncidentError
 */
export function parseIncidentRow(id: string, row: Record<string, string>): Incident {
  const parsed = isIncidentId(id) ? IncidentRow.safeParse({ ...row, incident_id: id }) : NoId.safeParse(id);
  if (!parsed.success) throw new CorruptIncidentError(id, parsed.error);
  return parsed.data;
}

/**
 * Returns why no version can read a row, undefined for one that another version may read.
 * @param event the field `cluster_event`; undefined for a row without it, or that is no hash
 */
export function rowDamage(id: string, event: string | undefined): string | undefined {
  if (!isIncidentId(id)) return 'its id is no UUID';
  if (event === undefined) return 'it has no fault';
  try {
    const fault: unknown = JSON.parse(event);
    return typeof fault === 'object' && fault !== null ? undefined : 'its fault is no object';
  } catch {
    return 'its fault is no JSON';
  }
}
