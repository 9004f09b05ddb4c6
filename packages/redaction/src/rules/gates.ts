import type { Ahead } from '../search/ahead.ts';

/**
 * Returns whether a rule can apply at a word. It takes much less time than the rule and may return true too often, never too seldom.
 * @param end where the word ends
 */
export type Gate = (text: string, at: number, end: number, ahead: Ahead) => boolean;

/** Characters. A longer name is no name. */
const LONGEST_NAME = 60;
const SPACE = 32;
const TAB = 9;

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isLetter(code: number): boolean {
  const lower = code | 32;
  return lower >= 97 && lower <= 122;
}

/** Of `= "`, `: '`. */
function isSeparator(code: number): boolean {
  return isSpace(code) || code === 34 || code === 39 || code === 58 || code === 61;
}

/** Letters, digits, and what joins them in names: `_.-`. */
function isNameCharacter(code: number): boolean {
  return isLetter(code) || (code >= 48 && code <= 57) || code === 95 || code === 46 || code === 45;
}

/**
 * Returns whether a value can follow the name that a word is part of. In prose a further word does ("token of the user"), unless
 * the name is a flag (`--token x`) or in an element (`<Password Type="x">`).
 */
export const canHaveValue: Gate = (text, at, end) => {
  // The word ends in a separator.
  if (!isNameCharacter(text.charCodeAt(end - 1))) return true;
  let next = end;
  while (next < end + LONGEST_NAME && isNameCharacter(text.charCodeAt(next))) next += 1;
  const closes = text.charCodeAt(next);
  if (closes === 41 || closes === 33 || closes === 63) return false;
  if (!isSpace(closes)) return true;
  while (isSpace(text.charCodeAt(next))) {
    if (next > end + 2 * LONGEST_NAME) return true;
    next += 1;
  }
  if (!isLetter(text.charCodeAt(next)) || /^(?:value|id|key)/i.test(text.slice(next, next + 5))) return true;
  let start = at;
  while (start > at - LONGEST_NAME && (isNameCharacter(text.charCodeAt(start - 1)) || text[start - 1] === ':'))
    start -= 1;
  return text[start] === '-' || text[start - 1] === '<' || start <= at - LONGEST_NAME;
};

/** Returns whether the name ends an argument, in a list or on a line of its own. */
export const endsArgument: Gate = (text, _, end) => {
  let next = end;
  while (next < end + LONGEST_NAME && isNameCharacter(text.charCodeAt(next))) next += 1;
  const code = text.charCodeAt(next);
  return code === 44 || code === 10 || code === 13;
};

/** Returns whether a name can precede the begin of a block: `<<` is also a key of YAML, and an operator. */
export const followsName: Gate = (text, at) => {
  let before = at;
  if (text[at] === ' ') {
    while (before > at - 8 && isSpace(text.charCodeAt(before))) before -= 1;
    if (text[before] !== ':' && text[before] !== '=') return false;
  }
  return before > 0 && text[before - 1] !== '\n';
};

/** Returns whether a short first value in quotes ends here. */
export const beginsLine: Gate = (text, at) => {
  let start = at;
  while (start > at - LONGEST_NAME && start > 0 && text[start - 1] !== '\n') start -= 1;
  return text[start] === '"' && (start === 0 || text[start - 1] === '\n');
};

/** Characters of a URL before its host. */
const LONGEST_USER_INFO = 600;

/** Returns whether an `@` follows in the same line. */
export const hasUserInfo: Gate = (_, at, end, ahead) => {
  const sign = ahead.indexOf('@', end);
  return sign - at < LONGEST_USER_INFO && sign < ahead.indexOf('\n', end);
};

/** Returns whether a value with a digit follows, perhaps behind a separator. */
export const hasDigitBehind: Gate = (text, _, end) => {
  let next = end;
  while (next < end + LONGEST_NAME && isSeparator(text.charCodeAt(next))) next += 1;
  for (let index = next; index < next + 100; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 48 && code <= 57) return true;
    if (!(code > SPACE)) return false;
  }
  return true;
};
