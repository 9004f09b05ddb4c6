/**
 * What happens to an incident, from the notification to the receiver. The list is closed.
 * - `incident`: all of it, from the receipt of its fault to its outcome.
 * - `notification`: from the receipt of a fault to the outcome of its admission. `admission`: the call of Redis in it.
 * - `queue`: from admission to the claim by a worker. `triage`: the investigation, with its stages.
 * - `gateway`: one request of an agent. `delivery`: one notification to one target.
 */
export const SPAN_NAMES = ['incident', 'notification', 'admission', 'queue', 'triage', 'gateway', 'delivery'] as const;
export type SpanName = (typeof SPAN_NAMES)[number] | `triage ${string}`;

/** A part of the way of an incident that has ended. Times in ms since the epoch. */
export interface EndedSpan {
  /** Its digits are the id of the trace, so that every process has it, and nothing has to be carried along. */
  incidentId: string;
  name: SpanName;
  start: number;
  end: number;
  attributes?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Why it failed. */
  error?: string | undefined;
}

type Recorder = (span: EndedSpan) => void;

let recorder: Recorder | undefined;

/** Records a part of an incident's trace. Does nothing unless traces are exported. Never throws. */
export function recordSpan(span: EndedSpan): void {
  recorder?.(span);
}

/** Whether traces are exported. */
export function isTracing(): boolean {
  return recorder !== undefined;
}

/** Makes {@link recordSpan} pass spans on; undefined ends that. */
export function setRecorder(next: Recorder | undefined): void {
  recorder = next;
}
