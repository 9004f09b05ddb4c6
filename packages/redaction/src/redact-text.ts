import { rangesOfKnownTokens } from './kept-rules.ts';
import { REDACTED, replaceSecrets } from './own-rules.ts';

/** Shorter texts hold no token of a known provider. */
const SHORTEST_TOKEN = 16;

/**
 * A text as an agent may see it: tokens of known providers, keys, passwords in URLs, and values with secret-looking names
 * are replaced. What no rule knows stays: this limits what leaks, and is no proof that nothing does.
 */
export async function redactText(text: string): Promise<string> {
  const replaced = replaceSecrets(text);
  if (replaced.length < SHORTEST_TOKEN) return replaced;
  let redacted = '';
  let position = 0;
  for (const [start, end] of await rangesOfKnownTokens(replaced)) {
    if (start >= position) redacted += replaced.slice(position, start) + REDACTED;
    position = Math.max(position, end);
  }
  return redacted + replaced.slice(position);
}
