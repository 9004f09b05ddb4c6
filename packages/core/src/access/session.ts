import { z } from 'zod';

/** How the user of a session has logged in. */
export const SESSION_METHODS = ['access_key', 'api_key', 'user', 'oidc'] as const;

/**
 * A browser that is logged in. Its role is not stored: it is that of the key or user, or follows from the groups, at each request.
 * Times are ISO 8601.
 */
export const Session = z.object({
  /** 12 hexadecimal digits, to end the session by. They do not open anything. */
  id: z.string(),
  method: z.enum(SESSION_METHODS),
  /** Of the user or of the key. */
  name: z.string(),
  created_at: z.string(),
  /** When it ends in any case; without requests it ends before. */
  ends_at: z.string(),
});
export type Session = z.infer<typeof Session>;

/** What a login has proven: the beginning of a session. */
export interface Login extends Pick<Session, 'method' | 'name'> {
  /**
   * Binds the session to what it was opened with, so that it ends with it: the id of an API key, the version of a user's password, a
   * fingerprint of the access key.
   */
  credential?: string | undefined;
  /** As the provider named them. */
  groups?: readonly string[] | undefined;
}
