import { z } from 'zod';
import { LONGEST_COMMENT, LONGEST_NAME, oneLine } from '../access/one-line.ts';

/** What a client gives to acknowledge a problem. */
export const AcknowledgeRequest = z.strictObject({
  comment: oneLine(LONGEST_COMMENT).optional(),
  /** Who has taken it over, where the credentials do not say that. */
  author: oneLine(LONGEST_NAME).optional(),
});
export type AcknowledgeRequest = z.infer<typeof AcknowledgeRequest>;
