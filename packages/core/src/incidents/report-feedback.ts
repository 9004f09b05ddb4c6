import { z } from 'zod';
import { LONGEST_COMMENT, oneLine } from '../access/one-line.ts';

export const FEEDBACK_VERDICTS = ['useful', 'wrong'] as const;

/** What a client gives to judge a report. */
export const NewFeedback = z.strictObject({
  verdict: z.enum(FEEDBACK_VERDICTS),
  comment: oneLine(LONGEST_COMMENT).optional(),
});
export type NewFeedback = z.infer<typeof NewFeedback>;

/** What a person thinks of a report. */
export const ReportFeedback = z.object({
  by: z.string(),
  /** RFC 3339. */
  at: z.string(),
  verdict: z.enum(FEEDBACK_VERDICTS),
  comment: z.string().optional(),
});
export type ReportFeedback = z.infer<typeof ReportFeedback>;
