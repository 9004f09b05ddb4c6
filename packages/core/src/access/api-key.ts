import { z } from 'zod';
import { LONGEST_NAME, oneLine } from './one-line.ts';
import { Role } from './role.ts';

/** A named key of the API. Times are ISO 8601. The key itself is shown once, when it is made; only its hash is stored. */
export const ApiKey = z.object({
  /** 12 hexadecimal digits; also part of the key. */
  id: z.string(),
  name: z.string(),
  role: Role,
  created_at: z.string(),
  created_by: z.string(),
  /** Missing: never. */
  expires_at: z.string().optional(),
});
export type ApiKey = z.infer<typeof ApiKey>;

/** The longest life of a key that has an end, in seconds: ten years. */
export const LONGEST_KEY_LIFE = 10 * 365 * 86_400;

/** What a client gives to make a key. */
export const NewApiKey = z.strictObject({
  name: oneLine(LONGEST_NAME),
  role: Role,
  /** Seconds; missing: the key does not expire. */
  expires_in: z.int().min(1).max(LONGEST_KEY_LIFE).optional(),
});
export type NewApiKey = z.infer<typeof NewApiKey>;
