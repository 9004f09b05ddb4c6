/** An address as it stands in a log: a host name, perhaps with its namespace, and a port. */
const ADDRESS =
  /(?<![\w.@/-])([a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)(?:\.([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)(?:\.svc(?:\.[a-z0-9.-]+)?)?)?:\d{2,5}\b/g;

const UNREACHABLE =
  /connection refused|ECONNREFUSED|timed? ?out|ETIMEDOUT|deadline exceeded|no route to host|EHOSTUNREACH|unreachable|connection reset|ECONNRESET/i;

/** Whether a log speaks of something that could not be reached. */
export function speaksOfUnreachable(log: string): boolean {
  return UNREACHABLE.test(log);
}

/**
 * The Services of a namespace that a log may speak of, the last named first. Names of other namespaces are left out: a
 * log is written by the application, and is not to send us around the cluster.
 */
export function serviceNamesIn(log: string, namespace: string): string[] {
  const names = [...log.matchAll(ADDRESS)].flatMap(([, name, itsNamespace = namespace]) =>
    name !== undefined && name !== 'localhost' && itsNamespace === namespace ? [name] : [],
  );
  return [...new Set(names.reverse())];
}
