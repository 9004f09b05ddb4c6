import { base64Runs } from './keyword-scan.ts';
import type { Range } from './kept-rules.ts';

/**
 * Returns the lines that can contain a token of a known provider: those with a long run of letters and digits that is no digest,
 * UUID, path or name of a Kubernetes object. secretlint's rules need not search the others.
 * @param runs those of {@link base64Runs}, if they are known
 */
export function linesWithTokens(text: string, runs: readonly Range[] = base64Runs(text)): Range[] {
  const lines: Range[] = [];
  let position = 0;
  for (const [start, end] of runs) {
    if (start < position || !canHoldToken(text.slice(start, end))) continue;
    const newline = text.indexOf('\n', end);
    const line: Range = [text.lastIndexOf('\n', start) + 1, newline === -1 ? text.length : newline];
    lines.push(line);
    [, position] = line;
  }
  return lines;
}

function canHoldToken(run: string): boolean {
  const part = LONG_PART.exec(run)?.[0];
  if (part === undefined) return false;
  return /[A-Z]/.test(run) || (part.length >= 32 && (/[g-z]/.test(part) || run.includes(`_${part}`)));
}

/** Letters and digits, more than in a word or in a group of a UUID. */
const LONG_PART = /[A-Za-z\d]{16,}/;
