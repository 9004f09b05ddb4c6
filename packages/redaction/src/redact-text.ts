import { type Range, rangesOfKnownTokens } from './kept-rules.ts';
import { REDACTED, replaceSecrets } from './own-rules.ts';

/** Length of the shortest token of a known provider, in characters. */
const SHORTEST_TOKEN = 16;

/**
 * Redacts tokens of known providers, private keys, passwords in URLs, and values with secret-looking names. Secrets that
 * match no rule remain: redaction reduces leaks and does not exclude them.
 */
export async function redactText(text: string): Promise<string> {
  const replaced = replaceSecrets(text);
  return (await withoutKnownTokens([replaced])).get(replaced) ?? replaced;
}

/** Separates texts that are searched together. No token contains it. */
const SEPARATOR = '\n\0\n';

/**
 * Returns the texts that contain tokens of known providers, each with its redacted form. All texts are searched in one call,
 * because the rules take longer to start than to search.
 */
export async function withoutKnownTokens(texts: Iterable<string>): Promise<Map<string, string>> {
  const searched = [...texts].filter(({ length }) => length >= SHORTEST_TOKEN);
  if (searched.length === 0) return new Map();
  const rangesIn = new Map<string, Range[]>();
  let [at, offset] = [0, 0];
  for (const [start, end] of await rangesOfKnownTokens(searched.join(SEPARATOR))) {
    let text = searched[at] ?? '';
    while (start >= offset + text.length + SEPARATOR.length) {
      offset += text.length + SEPARATOR.length;
      at += 1;
      text = searched[at] ?? '';
    }
    const ranges = rangesIn.get(text) ?? [];
    ranges.push([start - offset, end - offset]);
    rangesIn.set(text, ranges);
  }
  return new Map([...rangesIn].map(([text, ranges]) => [text, cutOut(text, ranges)]));
}

/** @param ranges in their order; they may overlap */
function cutOut(text: string, ranges: Range[]): string {
  let redacted = '';
  let position = 0;
  for (const [start, end] of ranges) {
    if (start >= position) redacted += text.slice(position, start) + REDACTED;
    position = Math.max(position, end);
  }
  return redacted + text.slice(position);
}
