import { REDACTED } from '../redacted.ts';

/**
 * Replaces ranges of a text.
 * @param ranges in their order; they may overlap
 */
export function cutOut(text: string, ranges: readonly (readonly [start: number, end: number])[]): string {
  if (ranges.length === 0) return text;
  const parts: string[] = [];
  let position = 0;
  for (const [start, end] of ranges) {
    if (start >= position) parts.push(text.slice(position, start), REDACTED);
    position = Math.max(position, end);
  }
  parts.push(text.slice(position));
  return parts.join('');
}
