/**
 * Errors of a server that is not the master, or not ready: after a fail-over, the address leads to another one. `UNBLOCKED`
 * ends a blocking command when its server is demoted.
 */
const FAILOVER = /^(?:READONLY|LOADING|MASTERDOWN|UNBLOCKED)\b/;

/** Returns whether an error says that the connection leads to a server that accepts no writes. */
export function isFailoverError(message: string): boolean {
  return FAILOVER.test(message);
}
