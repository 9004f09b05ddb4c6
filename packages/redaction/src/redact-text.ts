import { inSlices } from '@nightcrier/core/async/time-slices';
import { type Range, rangesOfKnownTokens } from './search/kept-rules.ts';
import { replaceSecrets } from './replace-secrets.ts';
import { cutOut } from './search/cut-out.ts';
import { linesWithTokens } from './search/token-lines.ts';

/**
 * Redacts tokens of known providers, private keys, passwords in URLs, and values with secret-looking names. Secrets that
 * match no rule remain: redaction reduces leaks and does not exclude them.
 */
export async function redactText(text: string): Promise<string> {
  const { text: replaced, found } = await inSlices(replaceSecrets(text));
  const lines = linesWithTokens(replaced, found?.runs);
  if (lines.length === 0) return replaced;
  return withLines(replaced, lines, await withoutKnownTokens(lines.map(([start, end]) => replaced.slice(start, end))));
}

/** Returns the text with redacted lines in the place of those that are in `redacted`. */
export function withLines(text: string, lines: readonly Range[], redacted: ReadonlyMap<string, string>): string {
  if (redacted.size === 0) return text;
  const parts: string[] = [];
  let position = 0;
  for (const [start, end] of lines) {
    const line = text.slice(start, end);
    parts.push(text.slice(position, start), redacted.get(line) ?? line);
    position = end;
  }
  parts.push(text.slice(position));
  return parts.join('');
}

/** Separates lines that are searched together. No token contains it. */
const SEPARATOR = '\n\0\n';

/**
 * Returns the lines that contain tokens of known providers, each with its redacted form. All lines are searched in one call,
 * because the rules take longer to start than to search.
 */
export async function withoutKnownTokens(lines: Iterable<string>): Promise<Map<string, string>> {
  const searched = [...new Set(lines)];
  if (searched.length === 0) return new Map();
  const rangesIn = new Map<string, Range[]>();
  let [at, offset] = [0, 0];
  for (const [start, end] of await rangesOfKnownTokens(searched.join(SEPARATOR))) {
    let line = searched[at] ?? '';
    while (start >= offset + line.length + SEPARATOR.length) {
      offset += line.length + SEPARATOR.length;
      at += 1;
      line = searched[at] ?? '';
    }
    const ranges = rangesIn.get(line) ?? [];
    ranges.push([start - offset, end - offset]);
    rangesIn.set(line, ranges);
  }
  return new Map([...rangesIn].map(([line, ranges]) => [line, cutOut(line, ranges)]));
}
