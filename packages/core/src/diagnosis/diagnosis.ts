import { z } from 'zod';
import { Cause } from './cause.ts';

/** The version of the shape below; a reader takes what it knows. */
export const DIAGNOSIS_VERSION = 1;

/** From here on a root cause is a conclusion, percent. Below, the report says "not determined". */
export const DETERMINED = 50;

const text = (max: number) =>
  z.string().transform((value) => (value.length > max ? `${value.slice(0, max - 1)}…` : value));

/** The object at fault. */
export const Culprit = z.object({
  kind: text(100),
  namespace: text(253).optional(),
  name: text(512),
  container: text(253).optional(),
  /** The field or key at fault, as a path: `spec.selector.app`. */
  field: text(300).optional(),
});
export type Culprit = z.infer<typeof Culprit>;

/** A piece of evidence: the command that shows it, and the words in it that decide. */
export const EvidenceReference = z.object({ command: text(1_000), text: text(4_000) });
export type EvidenceReference = z.infer<typeof EvidenceReference>;

/** Something that was considered and is not the cause. */
export const RuledOut = z.object({ what: text(300), because: text(500) });
export type RuledOut = z.infer<typeof RuledOut>;

/** One possible cause. All texts are Markdown, with what comes from the cluster as code. */
export const Hypothesis = z.object({
  cause: Cause,
  culprit: Culprit,
  /** Percent. */
  confidence: z.number().min(0).max(100),
  /** The cause in a few words, for a heading. */
  title: text(300),
  /** What is wrong and why, in one to three sentences. */
  statement: text(2_000),
  evidence: z.array(EvidenceReference).max(12).default([]),
  /** What to do, the first step first. */
  actions: z.array(text(1_000)).max(10).default([]),
  ruled_out: z.array(RuledOut).max(10).default([]),
});
export type Hypothesis = z.infer<typeof Hypothesis>;

/** Something that changed before the fault. */
export const Change = z.object({ at: text(40).optional(), what: text(500), command: text(1_000).optional() });
export type Change = z.infer<typeof Change>;

/**
 * Why a fault happened, as data: written by the built-in analyser, and by an agent that leaves `output/diagnosis.json`.
 * Without hypotheses nothing is known.
 */
export const Diagnosis = z.object({
  version: z.number().int().default(DIAGNOSIS_VERSION),
  /** Whether the first hypothesis is a conclusion. */
  determined: z.boolean(),
  /** The most likely first. */
  hypotheses: z.array(Hypothesis).max(5),
  changes: z.array(Change).max(10).default([]),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

/** What a row, an API answer and a notification carry of a diagnosis: cause, culprit and confidence of each hypothesis. */
export const DiagnosisSummary = z.object({
  version: z.number().int(),
  determined: z.boolean(),
  hypotheses: z.array(Hypothesis.pick({ cause: true, culprit: true, confidence: true, title: true })).max(5),
});
export type DiagnosisSummary = z.infer<typeof DiagnosisSummary>;

export function summaryOf({ version, determined, hypotheses }: Diagnosis): DiagnosisSummary {
  return {
    version,
    determined,
    hypotheses: hypotheses.map(({ cause, culprit, confidence, title }) => ({ cause, culprit, confidence, title })),
  };
}
