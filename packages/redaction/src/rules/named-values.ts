import { REDACTED } from '../redacted.ts';
import { canBeSecret, isWholeName, SECRET_NAME } from '../secret-names.ts';

/** Of a terminal, between a name, its separator and its value. */
const COLOUR = '(?:\\u001b\\[[\\d;]{0,20}m)?';
const COLOUR_BEFORE = new RegExp(`${COLOUR}$`);

/** Around a value: `Some("x")` of Rust, `SecretStr('x')`, `Just "x"`, `[[x]]` of Lua, `map[Token:[x]]` of Go, `N'x'` of SQL, `b'x'` of Python. */
const WRAPPER =
  '(?:(?:Some|SecretStr|SecretBytes|Secret|Sensitive)\\((?=["\']|Some)|Just (?=")|Some\\(|\\[\\[|\\[(?=[^\\s[\\]]{0,200}\\d[^\\s[\\]]{0,2000}\\])|[@BEFNRUbfru]{1,2}(?=["\']))?';

/** Before a value of YAML: its anchor and its tag. */
const PROPERTIES = '(?:[&!](?!Ref|Sub|GetAtt|Import|Join|Find|Select)[\\w!./-]{0,60}[ \\t]{1,4}){0,2}';

/** A quote that a server wrote as an escape, as nginx does and JSON of Go. */
const ESCAPE_OF_QUOTE = '\\\\{1,3}(?:u00|x)2[27]';

/**
 * `name=value`, `"name": "value"`, `[name] => value`, `name%3Dvalue`, also as JSON within JSON. A doubled quote belongs to the value
 * (YAML, SQL); three quotes enclose one (TOML, Python). `%26` ends a value whose name is encoded as well.
 */
const ASSIGNMENT = new RegExp(
  `(${SECRET_NAME})((?:\\\\{0,7}["'\`]|%22|${ESCAPE_OF_QUOTE})?\\]?(?:(?<=["'\`])\\s{0,40}:\\s{0,40}|${COLOUR}[ \\t]{0,40}(?:=>?|::(?=[ \\t])|:(?!:)=?|->|：|＝|%3[DA]|\\\\(?:u00|x)3[da])[ \\t]{0,40}${COLOUR}(?:%22)?)${PROPERTIES}${WRAPPER})` +
    `(?:('''|""")([^\\n]{1,2000}?)\\3` +
    `|(\\\\{0,7}["'\`]|${ESCAPE_OF_QUOTE})(?!\\5)([^\\n]{1,2000}?)(?<!\\\\|\\5)\\5(?!\\5)` +
    `|(?<=%3[DA](?:%22)?)([^\\s"'\`,;&<>\\\\%]{1,4000})|["'\`]?([^\\s"'\`,;&<>\\\\]{1,4000}))`,
  'gi',
);

/** `export NAME=value` on a line of its own: punctuation belongs to the value. */
const EXPORTED = new RegExp(
  `^((?:export )?(?<prefix>\\w{0,100}?)(?<word>${SECRET_NAME})=)(?=[^\\s"'$<[{*])([^\\s]{1,2000})$`,
  'gim',
);

/** `--password value`, `"--password", "value"`, and both as items of a YAML list. */
const FLAG = new RegExp(
  `((?<![\\w-])--?[\\w-]{0,60}?${SECRET_NAME}(?:[ \\t]{1,4}(?:\\\\\\r?\\n[ \\t]{0,40})?|["'],[ \\t\\n]{0,20}["']|["']?\\n[ \\t]{0,40}- ["']?))([^\\s"'\\]|-][^\\s"']{0,2000})`,
  'gi',
);

/** `name: DB_PASSWORD` with `value: x` behind it, in YAML, JSON and XML. */
const PAIR = new RegExp(
  `(\\b(?:name|key)(?:\\\\{0,7}["'])?[ \\t]{0,4}[:=][ \\t]{0,4}(?:\\\\{0,7}["'])?[\\w.-]{0,100}?(${SECRET_NAME})(?:\\\\{0,7}["'])?(?:[ \\t]{1,8}#[^\\n]{0,200})?[\\s,;]{1,60}(?:\\\\{0,7}"[\\w.-]{1,60}\\\\{0,7}"\\s{0,4}:\\s{0,4}(?:\\\\{0,7}"[^"\\n\\\\]{0,100}\\\\{0,7}"|[\\w.-]{1,40})\\s{0,4},\\s{0,40}){0,3}(?:\\\\{0,7}["'])?(?:value|content)(?:\\\\{0,7}["'])?[ \\t]{0,4}[:=][ \\t]{0,4}(?:\\\\{0,7}["'])?)([^\\s"'\\\\,}<>]{1,2000})`,
  'gi',
);

/** `{"value": "x", "name": "DB_PASSWORD"}`. */
const PAIR_REVERSED = new RegExp(
  `((?:\\\\{0,7}["'])value(?:\\\\{0,7}["'])[ \\t]{0,4}:[ \\t]{0,4}(?:\\\\{0,7}["']))([^\\s"'\\\\,}<>]{1,2000})(?=\\\\{0,7}["'],\\s{0,40}\\\\{0,7}["'](?:name|key)\\\\{0,7}["'][ \\t]{0,4}:[ \\t]{0,4}\\\\{0,7}["'][\\w.-]{0,100}?${SECRET_NAME}\\\\{0,7}["'])`,
  'gi',
);

/** A value on the line behind its name, in YAML. A further mapping, a list or a word is none. */
const NEXT_LINE = new RegExp(
  `(${SECRET_NAME}["']?:[ \\t]{0,4}\\r?\\n[ \\t]{1,40}["']?)(?=[^\\s]{0,200}\\d)([^\\s"':|>{}[\\]#&*!-][^\\s"':]{5,2000})(?=["']?[ \\t]{0,4}(?:\\r?\\n|$))`,
  'gi',
);

/** `<password>value</password>`. */
const ELEMENT = new RegExp(
  `(<[\\w:.-]{0,60}?(${SECRET_NAME})(?: [^<>]{0,200})?>(?:<!\\[CDATA\\[)?)([^<>\\]]{1,4000})(?=\\]\\]></|</)`,
  'gi',
);

/** `<property name="a.password">x</property>`. */
const NAMED_ELEMENT = new RegExp(
  `(<\\w{1,20} (?:name|key|id)=\\\\?"[\\w.-]{0,100}?(${SECRET_NAME})\\\\?"(?: [^<>]{0,100})?>)([^<>\\s][^<>]{0,2000})(?=</)`,
  'gi',
);

/** `variable "db_password" { default = "x" }`. */
const VARIABLE = new RegExp(
  `(\\bvariable "\\w{0,60}?(${SECRET_NAME})" \\{[^{}]{0,400}?\\bdefault[ \\t]{0,10}=[ \\t]{0,4}")([^"\\n]{1,2000})(?=")`,
  'gi',
);

/** `<AdministratorPassword><Value>x</Value>`. */
const NESTED_ELEMENT = new RegExp(
  `(<[\\w:.-]{0,60}?(${SECRET_NAME})(?: [^<>]{0,200})?>\\s{0,40}<(?:value|string|plaintext)>)([^<>]{1,2000})(?=</)`,
  'gi',
);

/** The same, escaped: `&lt;password&gt;value&lt;/password&gt;`, and as JSON of Go. */
const ESCAPED_ELEMENT = new RegExp(
  `((?:&lt;|\\\\u003c)[\\w:.-]{0,60}?(${SECRET_NAME})(?:&gt;|\\\\u003e))([^&<>\\\\\\n]{1,2000})(?=&lt;/|\\\\u003c/)`,
  'gi',
);

/** `<name>a.password</name> <value>x</value>`. */
const ELEMENTS_OF_PAIR = new RegExp(
  `((?:<(?:name|key|td|th|dt)(?: [^<>]{0,100})?>\\s{0,8}[\\w.-]{0,100}?(${SECRET_NAME})\\s{0,8}</\\w{1,8}>|<\\w{1,20} name="[\\w.-]{0,100}?${SECRET_NAME}"[^<>]{0,100}>)\\s{0,40}<(?:value|string|td|dd)(?: [^<>]{0,100})?>)([^<>]{1,2000})(?=</)`,
  'gi',
);

/** `"db_password": {"value": "x"}`, as the state of Terraform and charts of Helm have it. */
const NESTED = new RegExp(
  `((?:${SECRET_NAME})(?:\\\\{0,7}["'])?[ \\t]{0,4}[:=][ \\t]{0,4}\\{\\s{0,40}(?:[^{}\\n]{1,200}?,\\s{0,40})?(?:\\\\{0,7}["'])?value(?:\\\\{0,7}["'])?[ \\t]{0,4}[:=][ \\t]{0,4}\\\\{0,7}["'])([^"'\\n\\\\]{1,2000})(?=\\\\{0,7}["'])`,
  'gi',
);

/** Items of a list: `passwords:` and lines that begin with a hyphen. A secret can be the name of an object. */
const ITEMS =
  /((?:passwords|passphrases|tokens|api[_-]?keys)["']?:[ \t]{0,4})((?:\r?\n[ \t]{0,40}- ["']?[^\s"':{}[\]&*!|>#-][^\s"':]{3,500}["']?(?=\r?\n|$)){1,50})/gi;

/** `&quot;password&quot;:&quot;x&quot;`. */
const ENTITY = new RegExp(
  `(${SECRET_NAME}&(?:quot|apos|#34|#39|#x22|#x27);\\s{0,4}[:=]\\s{0,4}&(?:quot|apos|#34|#39|#x22|#x27);)([^&\\n]{1,500})(?=&)`,
  'gi',
);

/** `["password"]=> string(8) "x"` and `s:8:"password";s:8:"x"` of PHP. */
const PHP = new RegExp(
  `(${SECRET_NAME}["'](?:\\]=>\\s{0,40}string\\(\\d{1,6}\\) |;s:\\d{1,6}:)["'])([^"'\\n]{1,2000})(?=["'])`,
  'gi',
);

/** A field of a form that comes in parts. */
const FORM_FIELD = new RegExp(
  `(name=\\\\?"[\\w.-]{0,60}${SECRET_NAME}\\\\?"(?:\\r?\\n[\\w-]{1,40}:[^\\n]{0,200})?(?:\\r?\\n|\\\\r\\\\n){2})([^\\r\\n\\\\]{1,2000})`,
  'gi',
);

/** Name and value as the two members of a pair: `["password", "x"]`, `{password, "x"}`, `(password . "x")`, `define('X_KEY', 'x')`. */
const PAIR_OF_TWO = new RegExp(
  `([[({]\\s{0,4}["']?[\\w.-]{0,60}${SECRET_NAME}["']?\\s{0,8}(?:,|\\.(?= ))\\s{0,24}(?:<<)?["'])([^"'\\n]{1,2000})(?=["']\\s{0,4}(?:>>)?[\\])}])`,
  'gi',
);

/** Redacts values that follow the name of a secret. */
export function redactNamedValues(text: string): string {
  const replace = (whole: string, before: string, value: string): string =>
    canBeSecret('password', value, false) && !isPlaceholder(value) ? `${before}${REDACTED}` : whole;
  const apply = (from: string, gate: RegExp, pattern: RegExp): string =>
    gate.test(from)
      ? from.replace(pattern, (whole: string, before: string, ...rest: unknown[]) => {
          const value = rest.slice(0, -2).findLast((part) => typeof part === 'string');
          return replace(whole, before, typeof value === 'string' ? value.trim() : '');
        })
      : from;
  const elements = apply(
    apply(
      apply(apply(apply(text, CLOSED, ELEMENT), CLOSED, NAMED_ELEMENT), CLOSED, NESTED_ELEMENT),
      CLOSED,
      ELEMENTS_OF_PAIR,
    ),
    ESCAPED_CLOSED,
    ESCAPED_ELEMENT,
  );
  const pairs = VALUE.test(elements)
    ? apply(apply(apply(elements, VALUE, PAIR), OPEN, PAIR_REVERSED), OPEN, NESTED)
    : elements;
  const variables = apply(pairs, VARIABLE_OF_HCL, VARIABLE);
  const fields = apply(apply(apply(variables, PHP_STRING, PHP), ESCAPED_QUOTE, ENTITY), FIELD, FORM_FIELD);
  const flags = apply(withoutExported(withoutPairsOfTwo(fields)), HYPHEN, FLAG);
  return SEPARATOR.test(flags) ? redactAssignments(apply(withoutItems(flags), END_OF_NAME, NEXT_LINE)) : flags;
}

/** What a text contains to which a pattern applies: the names in the patterns take longer to search for. */
const CLOSED = /<\//;
const ESCAPED_CLOSED = /(?:&lt;|u003c)\//i;
const VALUE = /value|content/i;
const OPEN = /\{/;
const VARIABLE_OF_HCL = /variable "/;
const ESCAPED_QUOTE = /&(?:quot|apos|#)/i;
const PHP_STRING = /string\(|;s:/;
const FIELD = /name=/;
const EQUALS = /=/;
const HYPHEN = /(?<![\w-])--?\w/;
const SEPARATOR = /[:=：＝]|->|%3|\\u003|\\x3/;
const END_OF_NAME = /:[ \t]{0,4}\r?\n/;

/** An item in letters alone may be a name. */
function withoutItems(text: string): string {
  if (!text.includes('- ')) return text;
  return text.replace(
    ITEMS,
    (_: string, before: string, items: string) =>
      before +
      items.replaceAll(/(- ["']?)([^\s"']*\d[^\s"']*)/g, (whole: string, hyphen: string, value: string) =>
        canBeSecret('password', value, true) ? `${hyphen}${REDACTED}` : whole,
      ),
  );
}

function withoutExported(text: string): string {
  if (!EQUALS.test(text)) return text;
  return text.replace(EXPORTED, (whole: string, before: string, prefix: string, word: string, value: string) =>
    isWholeName(word, prefix) && canBeSecret(word, value, false) && !isPlaceholder(value)
      ? `${before}${REDACTED}`
      : whole,
  );
}

/** A word in small letters may be a name as well: `["password", "email"]`. */
function withoutPairsOfTwo(text: string): string {
  if (!/[[({]\s{0,4}["']?\w/.test(text)) return text;
  return text.replace(PAIR_OF_TWO, (whole: string, before: string, value: string) =>
    /^[a-z_]*$/.test(value) || !canBeSecret('password', value, true) ? whole : `${before}${REDACTED}`,
  );
}

/** A name in capitals: `--token TOKEN`. */
function isPlaceholder(value: string): boolean {
  return /^[A-Z_]+[\])]?$/.test(value);
}

/** Redacts the second value of a change: `password = "old" -> "new"`, when the first one was a secret. */
export function redactChanges(text: string): string {
  return text.replace(CHANGE, (whole: string, before: string, value: string) =>
    canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole,
  );
}

const CHANGE = /(\[redacted\]["']?[ \t]{1,4}(?:->|=>|→)[ \t]{1,4}["'])([^"'\n]{1,2000})(?=["'])/g;

/** The name is that of a variable: `${PASSWORD:-$OTHER}`, `${PASSWORD:?not set}`. */
const IN_REFERENCE = /\$\{[\w.]{0,60}$/;
/** Characters of a value within which the next name is searched, when it is none: `credentials -> password -> x`. */
const LONGEST_CHAIN = 60;

function redactAssignments(text: string): string {
  let redacted = '';
  let position = 0;
  ASSIGNMENT.lastIndex = 0;
  for (let match = ASSIGNMENT.exec(text); match; match = ASSIGNMENT.exec(text)) {
    // Groups without names: an object for each match would take as long as the search.
    const [, word = '', separator = '', three, triple, quote = three, quoted = triple, percent, bare] = match;
    const encoded = percent ?? bare;
    const end = match.index + match[0].length - (quoted === undefined ? 0 : (quote?.length ?? 0));
    const start = end - (quoted ?? encoded ?? '').length;
    const value = quoted ?? trimmed(encoded ?? '');
    const preceding = text.slice(Math.max(0, match.index - 80), match.index);
    const before = preceding.endsWith('m') ? preceding.replace(COLOUR_BEFORE, '') : preceding;
    const after = text.slice(end, end + 8);
    if (
      start < position ||
      !isWholeName(word, before) ||
      isCode({ word, before, value, quoted: quoted !== undefined, separator }) ||
      (/^[-=]?[$?+]/.test(value) && IN_REFERENCE.test(before)) ||
      !canBeSecret(word, value, quoted !== undefined) ||
      (quoted === undefined && !isValue({ word, separator, value, before, after }))
    ) {
      if (end - start <= LONGEST_CHAIN) ASSIGNMENT.lastIndex = start;
      continue;
    }
    redacted += text.slice(position, start) + REDACTED;
    position = quoted === undefined ? start + value.length : end;
  }
  return redacted + text.slice(position);
}

/** Brackets behind an unquoted value belong to what is around it: `{password: x}`. */
function trimmed(bare: string): string {
  return bare.replace(/[)\]}]{1,20}$/, '');
}

/** A parser's "unexpected token: 'x'", `this.password = password`, and the type in `token: Token`. */
function isCode({ word, before, value, quoted, separator }: Omit<Unquoted, 'after'> & { quoted: boolean }): boolean {
  if (/^token$/i.test(word) && /\b(?:unexpected|illegal|expected|next) $/i.test(before)) return true;
  const isName = !quoted && value.toLowerCase() === word.toLowerCase();
  return isName && (!separator.includes('=') || /\b(?:this|self)\.$/.test(before));
}

interface Unquoted {
  word: string;
  separator: string;
  value: string;
  before: string;
  after: string;
}

/**
 * Returns whether the unquoted text behind a name is its value, and not prose ("invalid token: unexpected end"). Behind `=` it
 * is. Behind a colon it is if it looks like a secret, or if the name begins a line or a part of a structure.
 */
function isValue({ word, separator, value, before, after }: Unquoted): boolean {
  if (/=|%3D/i.test(separator)) return !/^(?:pwd|_?auth)$/i.test(word) || !value.startsWith('/');
  // The result of a test: `PASS: TestOrder1`; not a member of YAML.
  if (/^pass$/i.test(word) && !/\w$/.test(before) && !(word === 'pass' && /(?:^|\n)[ \t-]{1,60}$/.test(before)))
    return false;
  // An alias of YAML.
  if (/^\*[\w-]{1,60}$/.test(value)) return false;
  if (value.length >= 6 && /\d/.test(value) && /[a-z]/i.test(value)) return !/^v?\d+(?:\.\d+)+/.test(value);
  // Further words follow.
  if (/^[ \t]+[^\s#]/.test(after) && !/^['"`\\]/.test(separator) && !/^[A-Z]/.test(word)) return false;
  const isStructured =
    /(?:^|\n)[ \t-]{0,60}[\w.-]{0,60}$|[{,]\s?[\w.-]{0,60}$/.test(before) || /^['"`\\]/.test(separator);
  const endsThere = /^(?:[ \t]*(?:$|\r?\n|#)|[,}\]])/.test(after);
  const isGoField = /^:$/.test(separator) && /^[A-Z]/.test(word) && /[\s{]$/.test(before.replace(/\w+$/, ' '));
  // The size of a value, as `kubectl describe secret` prints it.
  if (/^\d+$/.test(value) && /^ bytes\b/.test(after)) return false;
  if (/^\d+$/.test(value)) return /pass|pwd/i.test(word) && (isStructured || isGoField);
  return (isStructured && endsThere && separator !== ':') || isGoField;
}
