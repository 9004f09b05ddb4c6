import type { Culprit, DiagnosisSummary } from '@nightcrier/core/diagnosis/diagnosis';
import { describeResource } from '@nightcrier/core/faults/fault';

/** What a report says, in a form that two reports share. */
export interface Finding {
  headline?: string | undefined;
  cause?: string | undefined;
  culprit?: string | undefined;
  /** Percent. */
  confidence?: number | undefined;
}

const FIELDS = ['headline', 'cause', 'culprit', 'confidence'] as const satisfies readonly (keyof Finding)[];

/** `not_recorded`: the recorded report does not state it as data. `not_stated`: the report of the replay does not. */
export type Outcome = 'same' | 'different' | 'not_recorded' | 'not_stated';

export interface ComparedField {
  field: (typeof FIELDS)[number];
  recorded: string | number | null;
  now: string | number | null;
  outcome: Outcome;
}

export interface Comparison {
  /** Of the cause and its culprit; headline and confidence do not count. */
  outcome: Outcome;
  fields: ComparedField[];
}

/** Returns the first hypothesis of a diagnosis; where there is none, what the report says itself. */
export function findingOf(
  diagnosis: DiagnosisSummary | undefined,
  report: { title?: string; confidence?: number | undefined } = {},
): Finding {
  const [first] = diagnosis?.hypotheses ?? [];
  if (first === undefined) return { headline: report.title, confidence: report.confidence };
  const { cause, culprit, confidence, title } = first;
  return { headline: title, cause, culprit: describeCulprit(culprit), confidence };
}

/** Compares what was recorded with what the same evidence gives now. */
export function compare(recorded: Finding, now: Finding): Comparison {
  const fields = FIELDS.map((field): ComparedField => ({
    field,
    recorded: recorded[field] ?? null,
    now: now[field] ?? null,
    outcome: outcomeOf(recorded[field], now[field]),
  }));
  const deciding = fields.filter(({ field }) => field === 'cause' || field === 'culprit');
  const worst = (['different', 'not_recorded', 'not_stated'] as const).find((one) =>
    deciding.some(({ outcome }) => outcome === one),
  );
  return { outcome: worst ?? 'same', fields };
}

function outcomeOf(recorded: string | number | undefined, now: string | number | undefined): Outcome {
  if (recorded === undefined) return 'not_recorded';
  if (now === undefined) return 'not_stated';
  return recorded === now ? 'same' : 'different';
}

function describeCulprit({ kind, namespace, name }: Culprit): string {
  return describeResource({ apiVersion: '', kind, name, namespace });
}
