import { z } from 'zod';
import { LONGEST_NAME, oneLine } from './one-line.ts';
import { Role } from './role.ts';

/** A local user, who logs in with a password. Times are ISO 8601. Only a hash of the password is stored. */
export const User = z.object({
  name: z.string(),
  role: Role,
  created_at: z.string(),
  created_by: z.string(),
  password_changed_at: z.string(),
});
export type User = z.infer<typeof User>;

/** Long enough that the attempts which the API allows do not find it. */
const SHORTEST_PASSWORD = 12;
/** A hash takes longer for a longer one. */
const LONGEST_PASSWORD = 1000;

export const Password = z
  .string()
  .min(SHORTEST_PASSWORD, { error: `must have at least ${SHORTEST_PASSWORD} characters` })
  .max(LONGEST_PASSWORD, { error: `must have at most ${LONGEST_PASSWORD} characters` });

/** What a client gives to make a user. */
export const NewUser = z.strictObject({ name: oneLine(LONGEST_NAME), role: Role, password: Password });
export type NewUser = z.infer<typeof NewUser>;

/** What a client gives to change a password. */
export const NewPassword = z.strictObject({ password: Password });
