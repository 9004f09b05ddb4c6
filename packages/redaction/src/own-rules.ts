/** What stands where a secret was. */
export const REDACTED = '[redacted]';

/** Ends of names whose values are secrets: `DB_PASSWORD`, `apiKey`, `client-secret`. */
const SECRET_NAME =
  '(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|account[_-]?key|secret[_-]?key|credentials?|dsn)';
const NAME_ENDS = new RegExp(`${SECRET_NAME}$`, 'i');

// Bounded everywhere: text from a cluster must not be able to make a rule slow.
/** `name=value`, `"name": "value"`, also as JSON within JSON. */
const ASSIGNMENT = new RegExp(
  `(${SECRET_NAME}\\\\?["']?[ \\t]{0,4}(?:=>?|:=?)[ \\t]{0,4})(?:(\\\\?["'])([^"'\\\\\\n]{1,2000})\\2|([^\\s"',;&<>\\\\]{1,2000}))`,
  'gi',
);

/** Values that say that there is no secret here: references, and what a program writes when it hides one itself. */
const NO_SECRET =
  /^(?:true|false|null|nil|none|undefined|empty|unset|missing|invalid|\*+|x{3,}|redacted|-+)$|^\$[({]?\w/i;

const KEY_BLOCK = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^]{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----/g;
/** A log can end, or begin, within a key. */
const CUT_KEY_BLOCK = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?:\s|\\[rn]){1,4}[A-Za-z0-9+/=]{16,200}){0,400}/g;
const REST_OF_KEY_BLOCK =
  /(?:[A-Za-z0-9+/]{64}(?:\s|\\[rn]){1,4}){1,200}[A-Za-z0-9+/=]{0,76}(?:\s|\\[rn]){0,4}-----END [A-Z ]{0,30}PRIVATE KEY-----/g;

/** Occurs in each of them; without it, looking for the rest of a block in base64 text would cost most of the time. */
const IN_KEY_BLOCK = 'PRIVATE KEY-----';
const KEY_BLOCKS = [KEY_BLOCK, CUT_KEY_BLOCK, REST_OF_KEY_BLOCK];

const REPLACEMENTS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // The password of a URL; the user and the host are worth knowing.
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

/** Whether what is called so is a secret by its name. */
export function isSecretName(name: string): boolean {
  return NAME_ENDS.test(name);
}

/** The text without what looks like a secret by its name or its form. */
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
 * Whether what follows the name is its value and no prose: "invalid token: unexpected end", "pwd=/srv/app". After a colon
 * without quotes a secret has to look like one.
 */
function isValue(before: string, quote: string | undefined, value: string): boolean {
  if (/^pwd/i.test(before) && value.startsWith('/')) return false;
  if (quote !== undefined || before.includes('=')) return true;
  return value.length >= 6 && /\d/.test(value) && /[a-z]/i.test(value);
}
