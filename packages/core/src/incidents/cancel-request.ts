/** Why an incident is to be cancelled, and who asked; both are one line of text, as the client gave it. */
export interface CancelRequest {
  reason?: string | undefined;
  by?: string | undefined;
}

/** Longest `reason` and `by`, in characters. */
export const LONGEST_CANCEL_REASON = 500;
export const LONGEST_CANCEL_NAME = 100;

/** Returns the `reason` of a cancelled incident, such as `by alice: known outage`. */
export function cancelledReason({ reason, by = 'an operator' }: CancelRequest): string {
  return reason === undefined ? `by ${by}` : `by ${by}: ${reason}`;
}
