/** What can be wrong with what a server sends. The list is closed: each reason is counted, and is a metric label. */
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
  /** The fault is good, but says that it is another cluster's. The configured name is taken. */
  'cluster',
] as const;
export type MalformedReason = (typeof MALFORMED_REASONS)[number];

export type OnMalformed = (reason: MalformedReason, detail: string) => void;
