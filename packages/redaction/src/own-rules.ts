/** Replacement of a secret. */
export const REDACTED = '[redacted]';

/** Suffixes of names whose values are secrets: `DB_PASSWORD`, `apiKey`, `client-secret`. */
const SECRET_NAME =
  '(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|account[_-]?key|secret[_-]?key|credentials?|dsn)';
const NAME_ENDS = new RegExp(`${SECRET_NAME}$`, 'i');

// All repetitions are bounded, so that no text from a cluster can make a rule slow (ReDoS).
/** `name=value`, `"name": "value"`, also as JSON within JSON. */
const ASSIGNMENT = new RegExp(
  `(${SECRET_NAME}\\\\?["']?[ \\t]{0,4}(?:=>?|:=?)[ \\t]{0,4})(?:(\\\\?["'])([^"'\\\\\\n]{1,2000})\\2|([^\\s"',;&<>\\\\]{1,2000}))`,
  'gi',
);

/** Values that are no secrets: empty ones, references, and what programs print in place of a secret. */
const NO_SECRET =
  /^(?:true|false|null|nil|none|undefined|empty|unset|missing|invalid|\*+|x{3,}|redacted|-+)$|^\$[({]?\w/i;

const KEY_BLOCK = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^]{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----/g;
/** A log can be cut off within a key. */
const CUT_KEY_BLOCK = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?:\s|\\[rn]){1,4}[A-Za-z0-9+/=]{16,200}){0,400}/g;
const REST_OF_KEY_BLOCK =
  /(?:[A-Za-z0-9+/]{64}(?:\s|\\[rn]){1,4}){1,200}[A-Za-z0-9+/=]{0,76}(?:\s|\\[rn]){0,4}-----END [A-Z ]{0,30}PRIVATE KEY-----/g;

/** Occurs in every key block. Checked first, because the search for a cut block in base64 text is expensive. */
const IN_KEY_BLOCK = 'PRIVATE KEY-----';
const KEY_BLOCKS = [KEY_BLOCK, CUT_KEY_BLOCK, REST_OF_KEY_BLOCK];

const REPLACEMENTS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // The password of a URL. User and host remain.
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'<>]{0,200}:)[^\s/@"'<>]{1,500}(?=@)/gi, `$1${REDACTED}`],
  // Authorization headers.
  [/\b(Bearer|Basic)([ \t]{1,4})(?=[A-Za-z._~+/=-]{0,500}\d)[A-Za-z0-9._~+/=-]{16,4000}/gi, `$1$2${REDACTED}`],
  // JSON Web Tokens.
  [/\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,6000}\.[\w-]{8,2000}/g, REDACTED],
  // Key ids of AWS, secret keys of Stripe, API keys of Google.
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,200}/g, REDACTED],
  [/\bAIza[\w-]{35}/g, REDACTED],
];

/** Returns whether a value of this name is a secret. */
export function isSecretName(name: string): boolean {
  return NAME_ENDS.test(name);
}

/** Replaces values with secret-looking names, and secrets of a known form. */
export function replaceSecrets(text: string): string {
  const keyless = text.includes(IN_KEY_BLOCK)
    ? KEY_BLOCKS.reduce((rest, keys) => rest.replace(keys, REDACTED), text)
    : text;
  const formless = REPLACEMENTS.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), keyless);
  return formless.replace(
    ASSIGNMENT,
    (whole: string, before: string, quote: string | undefined, quoted: string | undefined, bare = '') => {
      const value = quoted ?? bare;
      if (value.startsWith(REDACTED) || NO_SECRET.test(value) || !isValue(before, quote, value)) return whole;
      return `${before}${quote ?? ''}${REDACTED}${quote ?? ''}`;
    },
  );
}

/**
 * Returns whether the text behind a name is its value, and not prose ("invalid token: unexpected end") or a path
 * ("pwd=/srv/app"). An unquoted value behind a colon must contain a letter and a digit.
 */
function isValue(before: string, quote: string | undefined, value: string): boolean {
  if (/^pwd/i.test(before) && value.startsWith('/')) return false;
  if (quote !== undefined || before.includes('=')) return true;
  return value.length >= 6 && /\d/.test(value) && /[a-z]/i.test(value);
}
