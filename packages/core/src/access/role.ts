import { z } from 'zod';

/** What a client may do, the least first. Each role may do what the ones before it may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export const Role = z.enum(ROLES);

/**
 * - `viewer`: reads health, problems, incidents and reports.
 * - `operator`: also changes them: acknowledges, silences, cancels, requeues.
 * - `admin`: also manages who has access, and reads who did what.
 */
export type Role = z.infer<typeof Role>;

/** Returns whether a client with one role may do what needs another. */
export function includesRole(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
