import { z } from 'zod';

/** What is read out of an agent's `output/investigation.md`; the Markdown itself stays as the agent wrote it. */
export const ReportSummary = z.object({
  title: z.string(),
  summary: z.string(),
  /** The first paragraph of the root cause, in one line. */
  root_cause: z.string(),
  /** Percent, 0 to 100; missing when the report gives none. */
  confidence: z.number().min(0).max(100).optional(),
  recommendations: z.array(z.string()),
  /** Quotes of command output that nothing that was recorded bears out; missing when there are none. */
  unsupported: z
    .object({
      count: z.number().int().positive(),
      /** The first line that was not found of the first few. */
      quotes: z.array(z.string()),
    })
    .optional(),
});
export type ReportSummary = z.infer<typeof ReportSummary>;
