import type { KeywordHit } from './search/keyword-scan.ts';
import { isTableHeader } from './rules/multi-line.ts';
import type { TextHit } from './rules/text-rules.ts';

/** Lines that are searched together. */
export interface Region {
  start: number;
  end: number;
  /** Of the words in them. */
  rules: TextHit[];
}

/** Lines behind the one with the word that its rules see as well, if that line ends with the name: its value is on one of them. */
const LINES_BEHIND = 2;
/** What follows the word then, within its line. */
const END_OF_NAME =
  /^\S{1,60}(?:[ \t]{1,8}#[^\n]{0,60})?\r?$|^[^\n]{1,60}[:|>{\\][-+\d]{0,2}\s?$|^base64 -\S{1,20}\r?$/;
/** The same, where a block of lines follows. */
const BEGIN_OF_BLOCK =
  /[:=][ \t]{0,4}(?:[&!][\w!./-]{0,60}[ \t]{1,4}){0,2}(?:[|>][-+\d]{0,2}|<<[-~]?["']?\w{1,20}["']?|"""|''')\s{0,8}$/;
const LONGEST_BLOCK = 4_000;
/** Hits that are checked in a step. */
const HITS_OF_STEP = 1_000;
/** Characters to which regions are joined. */
const LONGEST_JOINED = 8_000;

/** Returns the lines to which rules apply, in their order. Yields between steps. */
export function* regions(text: string, hits: readonly KeywordHit<TextHit>[]): Generator<void, Region[]> {
  const found: Region[] = [];
  let region: Region | undefined;
  let line = { start: 0, end: -1 };
  /** The place whose value was searched last. */
  let seen = -1;
  for (const [index, { at, last, rule }] of hits.entries()) {
    if (index % HITS_OF_STEP === HITS_OF_STEP - 1) yield;
    if (at > line.end) line = lineAt(text, at);
    if (!region || at >= region.end) {
      region = { start: line.start, end: Math.min(line.end + 1, text.length), rules: [] };
      found.push(region);
    }
    if (!region.rules.includes(rule)) region.rules.push(rule);
    for (const place of [at, last]) {
      if (place === seen) continue;
      region.end = Math.max(region.end, endOfValue(text, place, line.end));
      seen = place;
    }
  }
  return yield* joined(found);
}

/** Joins regions that follow each other and have the same rules: a text can consist of short lines with names. */
function* joined(found: readonly Region[]): Generator<void, Region[]> {
  const all: Region[] = [];
  for (const [index, region] of found.entries()) {
    if (index % HITS_OF_STEP === HITS_OF_STEP - 1) yield;
    const before = all.at(-1);
    const isNext = before?.end === region.start && region.end - before.start <= LONGEST_JOINED;
    if (isNext && haveSameRules(before, region)) before.end = region.end;
    else all.push(region);
  }
  return all;
}

function haveSameRules({ rules }: Region, other: Region): boolean {
  return rules.length === other.rules.length && rules.every((rule, index) => other.rules[index] === rule);
}

function lineAt(text: string, at: number): { start: number; end: number } {
  const end = text.indexOf('\n', at);
  return { start: text.lastIndexOf('\n', at - 1) + 1, end: end === -1 ? text.length : end };
}

function endOfLineAt(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline + 1;
}

/** Returns whether a word is a column in the first line of a table: names with separators between them, and nothing else. */
function isHeaderOfTable(text: string, at: number, end: number): boolean {
  if (!/^(?:[\w -]{2,40}(?:,|\r?$)|[\w |-]{2,200}\r?$)/.test(text.slice(at, end))) return false;
  return isTableHeader(text.slice(text.lastIndexOf('\n', at) + 1, end), text.slice(end + 1, end + 300));
}

/** Returns the end of the lines that can contain the value of a name. */
function endOfValue(text: string, at: number, endOfLine: number): number {
  let end = endOfLine;
  if (end - at <= 80 && BEGIN_OF_BLOCK.test(text.slice(at, end))) return endOfLineAt(text, end + LONGEST_BLOCK);
  if (end - at <= 200 && isHeaderOfTable(text, at, end)) return endOfLineAt(text, end + LONGEST_BLOCK);
  if (end - at > 80 || !END_OF_NAME.test(text.slice(at, end))) return Math.min(end + 1, text.length);
  for (let line = 0; line < LINES_BEHIND && end !== -1; line += 1) end = text.indexOf('\n', end + 1);
  return end === -1 ? text.length : end + 1;
}
