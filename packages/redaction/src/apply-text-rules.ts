import { regions } from './regions.ts';
import { inOrder, type TextHit } from './rules/text-rules.ts';
import type { KeywordHit } from './search/keyword-scan.ts';

/** Characters to which rules are applied at once. */
const LONGEST_PIECE = 32_000;

/** Applies the rules of text to the lines with their words, and to the lines that can contain a value of those. Yields between steps. */
export function* applyTextRules(text: string, hits: readonly KeywordHit<TextHit>[]): Generator<void, string> {
  const parts: string[] = [];
  let position = 0;
  for (const { start, end, rules } of yield* regions(text, hits)) {
    const ordered = inOrder(rules);
    parts.push(text.slice(position, start));
    for (const piece of pieces(text.slice(start, end))) {
      let rest = piece;
      for (const rule of ordered) {
        rest = rule(rest);
        if (piece.length > LONGEST_PIECE / 4) yield;
      }
      parts.push(rest);
    }
    position = end;
    if (text.length > LONGEST_PIECE) yield;
  }
  if (position === 0) return text;
  parts.push(text.slice(position));
  return parts.join('');
}

/** Where a long text can be cut: before a name that has a value, not within one. */
const BEFORE_NAME = /[\s,;&{}[\]](?=[\\"']{0,8}[\w.-]{1,100}[\\"']{0,8}[ \t]{0,4}[:=])/g;
/** Where it can be cut if there is no such name. */
const BREAK = /[\s,;&{}[\]]["']?(?=[\w-]{0,100}$)/;

/** Cuts a long text, such as a megabyte of JSON in one line. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  while (text.length - start > LONGEST_PIECE) {
    const end = start + LONGEST_PIECE;
    const newline = text.lastIndexOf('\n', end);
    const cut = newline > start + LONGEST_PIECE / 2 ? newline + 1 : breakBefore(text, end);
    found.push(text.slice(start, cut));
    start = cut;
  }
  found.push(text.slice(start));
  return found;
}

function breakBefore(text: string, end: number): number {
  const before = text.slice(end - 500, end);
  const match = [...before.matchAll(BEFORE_NAME)].at(-1) ?? BREAK.exec(before);
  return match ? end - 500 + match.index + 1 : end;
}
