import { z } from 'zod';
import { LONGEST_COMMENT, LONGEST_NAME, oneLine } from '../access/one-line.ts';
import { MatcherText } from './matcher-text.ts';

/** Longest silence, in seconds: a year. What is to be silent longer belongs into the configuration. */
export const LONGEST_SILENCE = 366 * 86_400;

/** What a client gives to add a silence. Times are RFC 3339. */
export const NewSilence = z
  .strictObject({
    matchers: MatcherText,
    /** Default: now. */
    starts_at: z.iso.datetime({ offset: true }).optional(),
    ends_at: z.iso.datetime({ offset: true }).optional(),
    /** Seconds from the start, in place of `ends_at`. */
    duration: z.int().min(1).max(LONGEST_SILENCE).optional(),
    comment: oneLine(LONGEST_COMMENT),
    /** Who adds it, where the credentials do not say that. */
    author: oneLine(LONGEST_NAME).optional(),
    /** Whether silenced problems are investigated all the same. */
    investigate: z.boolean().default(false),
  })
  .refine(({ ends_at, duration }) => (ends_at === undefined) !== (duration === undefined), {
    error: 'must have ends_at or duration, and not both',
  });
export type NewSilence = z.infer<typeof NewSilence>;

/** While it is active, problems that match are counted and listed, and neither investigated nor notified. Times are RFC 3339. */
export const Silence = z.object({
  /** 12 hexadecimal digits. */
  id: z.string(),
  /** See `MatcherText`. */
  matchers: z.string(),
  starts_at: z.string(),
  ends_at: z.string(),
  comment: z.string(),
  created_by: z.string(),
  created_at: z.string(),
  investigate: z.boolean().default(false),
  /** Who ended it before its time; then `ends_at` is when. */
  expired_by: z.string().optional(),
});
export type Silence = z.infer<typeof Silence>;

export const SILENCE_STATES = ['pending', 'active', 'expired'] as const;
export type SilenceState = (typeof SILENCE_STATES)[number];

/** @param now milliseconds since the epoch */
export function silenceState(
  { starts_at, ends_at }: Pick<Silence, 'starts_at' | 'ends_at'>,
  now: number,
): SilenceState {
  if (Date.parse(ends_at) <= now) return 'expired';
  return Date.parse(starts_at) <= now ? 'active' : 'pending';
}
