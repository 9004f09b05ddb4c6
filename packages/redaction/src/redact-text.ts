import { type Range, rangesOfKnownTokens } from './kept-rules.ts';
import { REDACTED, replaceSecrets } from './own-rules.ts';

/** Shorter texts hold no token of a known provider. */
const SHORTEST_TOKEN = 16;

/**
 * A text as an agent may see it: tokens of known providers, keys, passwords in URLs, and values with secret-looking names
 * are replaced. What no rule knows stays: this limits what leaks, and is no proof that nothing does.
 */
export async function redactText(text: string): Promise<string> {
  const replaced = replaceSecrets(text);
  return (await withoutKnownTokens([replaced])).get(replaced) ?? replaced;
}

/** No token goes beyond it. */
const SEPARATOR = '\n\0\n';

/**
 * Those of the texts in which there are tokens of known providers, with what is left of each. All are searched at once: the
 * rules take longer to begin than to search.
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
