/** The ids of the trace of an incident: of the trace, and of the span that all others are below. */
export interface TraceIds {
  traceId: string;
  rootSpanId: string;
}

/** Returns the ids for an incident; undefined if its id is no UUID. */
export function traceIdsOf(incidentId: string): TraceIds | undefined {
  const traceId = incidentId.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(traceId)) return undefined;
  const rootSpanId = traceId.slice(16);
  // OpenTelemetry's ids that mean none.
  return /^0+$/.test(rootSpanId) ? undefined : { traceId, rootSpanId };
}
