/** On a namespace, a workload or another object: a time of RFC 3339 until which its problems are silenced, or `true`. */
export const SILENCE_ANNOTATION = 'nightcrier.io/silence';

/** Returns until when an annotation silences, in milliseconds since the epoch; Infinity for `true`; undefined when it does not. */
export function annotatedUntil(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (value.trim() === 'true') return Infinity;
  const until = /^\d{4}-\d\d-\d\d/.test(value.trim()) ? Date.parse(value) : Number.NaN;
  return until > now ? until : undefined;
}
