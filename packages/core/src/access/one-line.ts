import { z } from 'zod';

/** Text of a person that is printed in terminals and messages: one line without control characters, not empty. */
export function oneLine(longest: number): z.ZodString {
  return z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]*$/u, {
      error: 'must be one line without control characters',
    });
}

/** Longest name of an author, in characters. */
export const LONGEST_NAME = 100;
/** Longest comment, in characters. */
export const LONGEST_COMMENT = 500;
