/** Why something that a server sent cannot be used. The list is closed: each reason is counted, and is a metric label. */
export const MALFORMED_REASONS = [
  /** Of the event stream. */
  'too_big',
  'json',
  'json_rpc',
  /** The part of the notification that could not be read. */
  'notification',
  'data',
  'faultId',
  'faultType',
  'severity',
  'resource',
  'container',
  'context',
  'timestamp',
  'event',
  /** The fault is valid, but names another cluster. The configured name is used. */
  'cluster',
] as const;
export type MalformedReason = (typeof MALFORMED_REASONS)[number];

export type OnMalformed = (reason: MalformedReason, detail: string) => void;
