import { z } from 'zod';

/** Severities that a kubernetes-mcp-server reports, lowest first. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export const Severity = z.enum(SEVERITIES);
export type Severity = z.infer<typeof Severity>;

/** `severity_threshold`: DEBUG, INFO, WARNING, ERROR or CRITICAL, in upper or lower case. */
export const SeverityThreshold = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['debug', 'info', 'warning', 'error', 'critical']));
export type SeverityThreshold = z.infer<typeof SeverityThreshold>;

/** Orders the server's severities and the levels of the original system on one scale. */
const THRESHOLD_RANK = { debug: 0, info: 1, warning: 2, error: 3, critical: 4 } satisfies Record<
  SeverityThreshold,
  number
>;

/** Returns whether a fault of this severity is investigated under the threshold. */
export function passesThreshold(severity: Severity, threshold: SeverityThreshold): boolean {
  return THRESHOLD_RANK[severity] >= THRESHOLD_RANK[threshold];
}
