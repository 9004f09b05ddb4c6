import { calibrationOf } from './calibration.ts';
import type { Verdict } from './judge.ts';

/** A case with its verdict. */
export interface Judged {
  id: string;
  system: string;
  half: 'a' | 'b';
  cause: string;
  verdict: Verdict;
  /** Of the first hypothesis, percent. */
  confidence: number;
  answer: string;
  title: string;
  fault: string;
  detected: boolean;
  falseAlarms: number;
  /** ms */
  took: number;
  report?: string;
}

/** The figures of a set of cases. Shares are between 0 and 1. */
export function summarise(cases: readonly Judged[]) {
  const share = (test: (one: Judged) => boolean) =>
    cases.length === 0 ? 0 : round(cases.filter(test).length / cases.length);
  const { ranges, ...figures } = calibrationOf(cases);
  const times = cases
    .map(({ took }) => took)
    .filter((took) => took > 0)
    .sort((a, b) => a - b);
  return {
    cases: cases.length,
    right: share(({ verdict }) => verdict === 'right'),
    partly: share(({ verdict }) => verdict === 'partly'),
    wrong: share(({ verdict }) => verdict === 'wrong'),
    undetermined: share(({ verdict }) => verdict === 'undetermined'),
    detected: share(({ detected }) => detected),
    ...figures,
    calibration: ranges,
    false_alarms_per_case:
      cases.length === 0 ? 0 : round(cases.reduce((sum, { falseAlarms }) => sum + falseAlarms, 0) / cases.length),
    p50_ms: round(times[Math.floor(times.length / 2)] ?? 0),
    p95_ms: round(times[Math.floor(times.length * 0.95)] ?? 0),
  };
}

export type Summary = ReturnType<typeof summarise>;

/** Groups of cases with their figures, in the order of their names. */
export function summariseBy(cases: readonly Judged[], key: (one: Judged) => string): Record<string, Summary> {
  const groups = [...Map.groupBy(cases, key)].sort(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(groups.map(([name, group]) => [name, summarise(group)]));
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
