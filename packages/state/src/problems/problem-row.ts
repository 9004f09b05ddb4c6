import {
  Acknowledgement,
  Problem,
  ProblemPlace,
  RememberedSymptom,
  SilencedBy,
} from '@nightcrier/core/problems/problem';
import { z } from 'zod';
import { storedJson } from '../damage/stored-json.ts';

const SYMPTOM = 'symptom:';
const Texts = z.array(z.string());

/**
 * Reads the hash of a problem, see `problems/lua/state/change-problem.lua`. Versions before 0.2 wrote `cleared` where this one
 * writes `recovered`.
 * @returns undefined for one that no process of this version can read
 */
export function parseProblemRow(cluster: string, key: string, row: Record<string, string>): Problem | undefined {
  const symptoms = Object.entries(row).flatMap(([field, text]) =>
    field.startsWith(SYMPTOM) ? (storedJson(RememberedSymptom, text) ?? []) : [],
  );
  const { state, severity = 'warning', since, changed_at, incidents, component, message, member_of } = row;
  const problem = Problem.safeParse({
    cluster,
    key,
    state: state === 'cleared' ? 'recovered' : state,
    severity,
    since: Number(since ?? changed_at),
    changed_at: Number(changed_at ?? since),
    recovered_at: numberOf(row.recovered_at ?? row.cleared_at),
    closed_at: numberOf(row.closed_at),
    place: storedJson(ProblemPlace, row.about),
    symptoms,
    incidents: storedJson(Texts, incidents) ?? [],
    recurrences: numberOf(row.recurrences),
    flapping: row.flapping === '1',
    acknowledged: storedJson(Acknowledgement, row.acknowledged),
    silenced: storedJson(SilencedBy, row.silenced),
    component,
    message,
    members: storedJson(Texts, row.members),
    member_of,
  });
  return problem.data;
}

function numberOf(text: string | undefined): number | undefined {
  const number = Number(text);
  return text === undefined || Number.isNaN(number) ? undefined : number;
}
