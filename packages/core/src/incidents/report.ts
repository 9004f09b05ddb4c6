import { z } from 'zod';
import { DETERMINED, DiagnosisSummary } from '../diagnosis/diagnosis.ts';

/** The parsed parts of an agent's `output/investigation.md`. The Markdown itself is stored unchanged. */
export const ReportSummary = z.object({
  title: z.string(),
  summary: z.string(),
  /** The first paragraph of the root cause, as one line. */
  root_cause: z.string(),
  /** In percent, 0 to 100. Missing when the report states none. */
  confidence: z.number().min(0).max(100).optional(),
  recommendations: z.array(z.string()),
  /** Quoted command output that was not found in the recorded evidence. Missing when all quotes were found. */
  unsupported: z
    .object({
      count: z.number().int().positive(),
      /** Of the first few unsupported quotes: the first line that was not found. */
      quotes: z.array(z.string()),
    })
    .optional(),
  /** Objects that the report names and that neither the recorded text nor the cluster has. Missing when all are known. */
  unverified: z.array(z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).optional(),
  /** What the team knows about incidents like this one, see `knowledge_dir`. Missing when nothing matched. */
  knowledge: z
    .array(
      z.object({
        /** Path below `knowledge_dir`. */
        file: z.string(),
        title: z.string(),
        links: z.array(z.object({ title: z.string(), url: z.string() })),
      }),
    )
    .optional(),
  /** The diagnosis as data. Missing when the agent left none that is valid. */
  diagnosis: DiagnosisSummary.optional(),
});
export type ReportSummary = z.infer<typeof ReportSummary>;

/** What an incident says of the diagnosis in its report. */
export interface Determination {
  diagnosis_version?: number;
  determined?: boolean;
}

/** Reads the determination of a report: that of its diagnosis, else by the confidence that it states. */
export function determinationOf({ diagnosis, confidence }: ReportSummary): Determination {
  if (diagnosis) return { diagnosis_version: diagnosis.version, determined: diagnosis.determined };
  return confidence === undefined ? {} : { determined: confidence >= DETERMINED };
}
