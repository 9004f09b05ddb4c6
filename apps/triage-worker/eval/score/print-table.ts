import { z } from 'zod';
import type { Judged, Summary } from './summary.ts';

type Row = Omit<Judged, 'report'>;

interface Result extends Summary {
  seconds: number;
  by_system: Record<string, Summary>;
  by_half: Record<string, Summary>;
  by_cause: Record<string, Summary>;
  results: Row[];
}

const Former = z.object({ results: z.array(z.object({ id: z.string(), verdict: z.string() })) });

/** The figures as a table, the answers that are not right, and what differs from a former run (its JSON). */
export function printTable(result: Result, former?: string): string {
  const groups = {
    all: result,
    ...prefixed('', result.by_system),
    ...prefixed('half ', result.by_half),
    ...prefixed('  ', result.by_cause),
  };
  const lines = Object.entries(groups).map(([name, summary]) => row(name, summary));
  const failures = result.results
    .filter(({ verdict }) => verdict !== 'right')
    .map(
      ({ id, verdict, confidence, cause, answer, fault }) =>
        `${verdict.padEnd(13)} ${String(confidence).padStart(3)}% ${id.padEnd(30)} ${cause} <- ${answer} (${fault})`,
    );
  return [
    `${'group'.padEnd(52)}     n  right partly wrong undet. | detected wrong>=80 | of >=80 right, of right >=80 | false alarms | p50 ms`,
    ...lines,
    '',
    'confidence  answers  right',
    ...result.calibration.map(
      ({ from, answers, right }) =>
        `${`≥ ${String(from)} %`.padEnd(11)} ${String(answers).padStart(7)} ${`${(100 * right).toFixed(0)}%`.padStart(6)}`,
    ),
    '',
    ...failures,
    ...(former === undefined ? [] : ['', ...differences(result.results, former)]),
    '',
    `${String(result.cases)} cases in ${String(result.seconds)} s`,
    '',
  ].join('\n');
}

function row(name: string, it: Summary): string {
  const percent = (share: number) => `${(100 * share).toFixed(0).padStart(5)}%`;
  return `${name.padEnd(52)} ${String(it.cases).padStart(5)} ${percent(it.right)} ${percent(it.partly)} ${percent(it.wrong)} ${percent(it.undetermined)} | ${percent(it.detected)}   ${(100 * it.wrong_confident).toFixed(1).padStart(5)}% | ${percent(it.confident_right)} ${percent(it.right_confident)} | ${it.false_alarms_per_case.toFixed(2)} | ${it.p50_ms.toFixed(1)}`;
}

function prefixed(prefix: string, groups: Record<string, Summary>): Record<string, Summary> {
  return Object.fromEntries(Object.entries(groups).map(([name, summary]) => [`${prefix}${name}`, summary]));
}

function differences(results: Row[], former: string): string[] {
  const before = new Map(Former.parse(JSON.parse(former)).results.map(({ id, verdict }) => [id, verdict]));
  return results.flatMap(({ id, verdict }) => {
    const was = before.get(id);
    return was === undefined || was === verdict ? [] : [`${id}: ${was} -> ${verdict}`];
  });
}
