import { Problem, RememberedSymptom } from '@nightcrier/core/problems/problem';
import { z } from 'zod';

const SYMPTOM = 'symptom:';
const Incidents = z.array(z.string());

/** Reads the hash of a problem, see `problems/lua/explaining-incident.lua`. Undefined for one that no process of this version can read. */
export function parseProblemRow(cluster: string, key: string, row: Record<string, string>): Problem | undefined {
  const symptoms = Object.entries(row).flatMap(([field, text]) =>
    field.startsWith(SYMPTOM) ? (jsonOf(RememberedSymptom, text) ?? []) : [],
  );
  const { state, severity = 'warning', since, changed_at, cleared_at, incidents = '[]' } = row;
  const problem = Problem.safeParse({
    cluster,
    key,
    state,
    severity,
    since: Number(since ?? changed_at),
    changed_at: Number(changed_at ?? since),
    ...(cleared_at !== undefined && { cleared_at: Number(cleared_at) }),
    symptoms,
    incidents: jsonOf(Incidents, incidents) ?? [],
  });
  return problem.data;
}

function jsonOf<T extends z.ZodType>(schema: T, text: string): z.infer<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
