import { REDACTED } from '../redacted.ts';
import { canBeSecret, isWholeName, SECRET_NAME } from '../secret-names.ts';

/** `DB_PASSWORD: two words 7`, `pass = two words 7`: a line of a file, without quotes. */
const LINE = new RegExp(
  `^([ \\t]{0,60}(?:- |export )?([\\w.-]{0,80}?)(${SECRET_NAME})[ \\t]{0,8}[:=][ \\t]{0,20})([^\\s"'\`=:;|<>{}[\\],$*&%!(][^\\s"'\`=:;|<>{}[\\]]{0,60})((?:[ \\t]{1,4}(?![-/#(])[^\\s"'\`=:;|<>{}[\\]/]{1,24}){1,5})(?=[ \\t]{0,8}\\r?$)`,
  'gim',
);
/** `"DB_PASS=two words"`: the quotes are around the name as well. */
const IN_QUOTES = new RegExp(
  `((?<=[\\s=[,(]|^)(["'])([\\w.-]{0,80}?)(${SECRET_NAME})=)([^\\s"'=;&|$]{1,60})((?:[ \\t]{1,4}[^\\s"'=;&|]{1,60}){1,6})(?=\\2)`,
  'gim',
);
/** Words of a message, not of a passphrase. */
const PROSE =
  /\b(?:must|should|cannot|can|will|was|were|is|are|be|has|have|not|no|of|the|for|at|an|bytes?|characters?|chars?|in|to|from|on|or|and|by|with|as|than|failed|invalid|expired|error|days?|hours?|minutes?|seconds?|ago|required|found|missing|see|path|attempts?|remaining)\b/i;

/** Redacts values that contain spaces and are not in quotes of their own. Words in letters alone are a value of a passphrase only. */
export function redactSpacedValues(text: string): string {
  const lines = text.replace(
    LINE,
    (whole: string, before: string, prefix: string, word: string, first: string, words: string) =>
      isSpaced({
        prefix,
        word,
        first,
        words,
        isProperty: prefix.includes('.') && before.endsWith('='),
        isMessage: prefix === '' && /^[^\s=]{1,60}:/.test(before),
      })
        ? `${before}${REDACTED}`
        : whole,
  );
  return lines.replace(
    IN_QUOTES,
    (whole: string, before: string, _: string, prefix: string, word: string, first: string, words: string) =>
      isSpaced({ prefix, word, first, words, isProperty: false, isMessage: false }) ? `${before}${REDACTED}` : whole,
  );
}

interface Spaced {
  prefix: string;
  word: string;
  first: string;
  /** Behind the first one. */
  words: string;
  /** A line such as `a.b.password=two words`. */
  isProperty: boolean;
  /** It can be one: `secret: mounted 3 volumes`. */
  isMessage: boolean;
}

function isSpaced({ prefix, word, first, words, isProperty, isMessage }: Spaced): boolean {
  // The result of a test.
  if (word === 'PASS' && prefix === '') return false;
  const value = first + words;
  if (isMessage && !/phrase/i.test(word) && !/[a-z]\d|\d[a-z]|[!#$%&*^~?]/i.test(value)) return false;
  const isSecret = /\d/.test(value) || isProperty || (/phrase/i.test(word) && value.split(/[ \t]+/).length >= 3);
  return isSecret && !PROSE.test(value) && isWholeName(word, prefix) && canBeSecret(word, first, false);
}

/** `[server, --requirepass, x1]`: a list of YAML without quotes. */
const FLAG_IN_LIST = new RegExp(
  `((?<![\\w-])--?[\\w-]{0,60}?${SECRET_NAME},[ \\t]{1,4})(?=[^\\s,\\]]{0,100}\\d)([^\\s,\\]"'-][^\\s,\\]"']{0,500})(?=\\s{0,4}[,\\]])`,
  'gi',
);
/** The same as `kubectl describe` prints it: each argument on a line of its own. */
const FLAG_IN_LINES = new RegExp(
  `(^[ \\t]{1,40}--?[\\w-]{0,60}?${SECRET_NAME}\\r?\\n[ \\t]{1,40})(?=\\S{0,200}\\d)([^\\s"'<$-]\\S{3,500})(?=[ \\t]{0,4}\\r?(?:\\n|$))`,
  'gim',
);

/** Redacts the argument behind a flag with the name of a secret, in lists without quotes. */
export function redactListedFlags(text: string): string {
  const replace = (whole: string, before: string, value: string): string =>
    canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole;
  if (!text.includes('-')) return text;
  return text.replace(FLAG_IN_LIST, replace).replace(FLAG_IN_LINES, replace);
}
