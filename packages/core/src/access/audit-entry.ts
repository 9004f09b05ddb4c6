import { z } from 'zod';

/** Changes that the audit log records. */
export const AUDIT_ACTIONS = [
  'key_added',
  'key_revoked',
  'user_added',
  'user_removed',
  'user_password_changed',
  'logged_in',
  'logged_out',
  'session_revoked',
  'silence_added',
  'silence_expired',
  'problem_acknowledged',
  'problem_unacknowledged',
  'investigation_requested',
  'incident_cancelled',
  'incident_requeued',
  'incident_split',
  'feedback_given',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One change: who did what, and when. */
export const AuditEntry = z.object({
  /** Increases by one with each entry of an installation. */
  sequence: z.int(),
  /** ISO 8601. */
  at: z.string(),
  /** See `Principal`. */
  by: z.string(),
  by_kind: z.string(),
  /** One of {@link AUDIT_ACTIONS}, or one of a later version. */
  action: z.string(),
  /** What was changed: the id of an incident, a silence, a key or a session, the name of a user, or a problem as `cluster/key`. */
  subject: z.string(),
  /** Further facts: matchers, end, comment, reason. */
  details: z.record(z.string(), z.string()).default({}),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
