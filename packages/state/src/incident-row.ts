import { Incident } from '@nightcrier/core/incident';
import { z } from 'zod';

/** A field that holds JSON in a Redis hash. */
const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is not JSON (${String(error)})` });
    return z.NEVER;
  }
});

/**
 * A row as Redis returns it: every field a string, those of the scripts' own (`cluster_name`, `place`, `dedup_until`,
 * `bound`) besides those of an {@link Incident}. Numbers are plain fields so that a script can count on them.
 */
const IncidentRow = z
  .object({
    cluster_event: json,
    recurrences: z.coerce.number(),
    attempts: z.coerce.number(),
    report: json.optional(),
  })
  .loose()
  .pipe(Incident);

/** A row that cannot be read as an incident: an operator has to look at it. */
export class CorruptIncidentError extends Error {
  readonly code = 'incident_corrupt';
  readonly incidentId: string;

  constructor(incidentId: string, cause: z.ZodError) {
    super(`incident ${incidentId} has an unreadable row: ${z.prettifyError(cause)}`, { cause });
    this.name = 'CorruptIncidentError';
    this.incidentId = incidentId;
  }
}

/**
 * Reads the hash of an incident.
 * @throws CorruptIncidentError
 */
export function parseIncidentRow(id: string, row: Record<string, string>): Incident {
  const parsed = IncidentRow.safeParse(row);
  if (!parsed.success) throw new CorruptIncidentError(id, parsed.error);
  return parsed.data;
}
