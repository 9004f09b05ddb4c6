/** Characters. A shorter value also occurs in ordinary text. */
const SHORTEST = 6;
/** Files of secrets are read again and again, and rotated; the oldest values are forgotten. */
const MOST = 50_000;
/** Characters. Of longer values, such as keys in PEM, the base64 is not looked for. */
const LONGEST_ENCODED = 1_000;
/** Characters. Longer values are keys and tokens, which clients do not encode before they encode them in base64. */
const LONGEST_PASSWORD = 200;

/** Values that must not be printed, in every form in which they may occur, under a hash of their first three characters. */
const known = new Map<number, Set<string>>();
const forms = new Map<string, string[]>();

const HTTP_URL = /^https?:/i;
/** The value of a header: a scheme, and the credential. */
const CREDENTIAL = /^(?:Bearer|Basic|Token|ApiKey) +(\S+)$/i;

/** Characters of the path of a secret URL. A shorter one, such as `/api/v2/alerts`, tells nothing. */
const SHORTEST_PATH = 16;

/**
 * Makes {@link hideSecrets} replace a value from now on, in every form of {@link formsOf}. Of a URL its password and the values of parameters
 * such as `?sig=` as well, of a header's value such as `Bearer TOKEN` the credential.
 */
export function rememberSecret(value: string): void {
  if (value.length < SHORTEST || forms.has(value)) return;
  const all = [...formsOf(value)];
  forms.set(value, all);
  for (const form of all) {
    const bucket = known.get(hashAt(form, 0)) ?? new Set();
    known.set(hashAt(form, 0), bucket.add(form));
  }
  if (forms.size > MOST) forgetOldest();
  if (HTTP_URL.test(value)) rememberSecretsOf(value);
  const [, credential] = CREDENTIAL.exec(value) ?? [];
  if (credential !== undefined) rememberSecret(credential);
}

/** Returns the values that {@link hideSecrets} replaces, for another thread of this process. */
export function knownSecrets(): string[] {
  return [...forms.keys()];
}

/**
 * Replaces every known secret in a text that leaves the process: a log line, a health report, a row, an error. Errors of
 * libraries can repeat what they were given.
 */
export function hideSecrets(text: string): string {
  return hideBefore(text, text.length);
}

/**
 * Returns the start of a text, of at most `most` characters, without secrets. Of a secret at which the text is cut nothing is left: its start
 * alone would not be recognised. Takes no longer for a long text.
 */
export function startWithoutSecrets(text: string, most: number): string {
  return hideBefore(text, Math.min(most, text.length)).slice(0, most);
}

/** Returns the text before a position, with secrets replaced that begin there. */
function hideBefore(text: string, end: number): string {
  if (known.size === 0) return text.slice(0, end);
  let hidden = '';
  let position = 0;
  for (let at = 0; at < end; at += 1) {
    const secret = secretAt(text, at);
    if (secret === undefined) continue;
    hidden += `${text.slice(position, at)}[secret]`;
    position = at + secret.length;
    at = position - 1;
  }
  return position === 0 ? text.slice(0, end) : hidden + text.slice(position, Math.max(position, end));
}

/**
 * Replaces every known secret in the texts of a value. Names of fields stay. Only for free text: an identifier or a path that
 * happens to contain a secret, such as a password that is an ordinary word, must stay usable.
 */
export function hideSecretsIn<T>(value: T): T;
export function hideSecretsIn(value: unknown): unknown {
  if (typeof value === 'string') return hideSecrets(value);
  if (Array.isArray(value)) return value.map((item: unknown) => hideSecretsIn(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hideSecretsIn(item)]));
}

/** The longest one: a secret can begin with another. */
function secretAt(text: string, at: number): string | undefined {
  let longest: string | undefined;
  for (const form of known.get(hashAt(text, at)) ?? []) {
    if (form.length > (longest?.length ?? 0) && text.startsWith(form, at)) longest = form;
  }
  return longest;
}

/**
 * Returns how a text can contain a value: as it is; as it stands in JSON, HTML and URLs; in base64, whatever is before and after it, as the user
 * of `Basic`; the path of a URL, because servers repeat it in their errors.
 */
function formsOf(value: string): Set<string> {
  const base64 = value.length <= LONGEST_ENCODED ? base64Of(value) : [];
  const all = /[^A-Za-z0-9]/.test(value) ? [value, ...escapedForms(value), ...base64] : [value, ...base64];
  return new Set(all.filter(({ length }) => length >= SHORTEST));
}

function escapedForms(value: string): string[] {
  const inJson = JSON.stringify(value).slice(1, -1);
  const inForm = new URLSearchParams([['', value]]).toString().slice(1);
  const inUrls = [encodeURIComponent(value.toWellFormed()), inForm];
  const isShort = value.length <= LONGEST_PASSWORD;
  // Clients of OAuth encode their secret like this before they put it into the header.
  if (isShort) inUrls.push(inForm.replaceAll(/[-._*]/g, hexOf));
  return [
    inJson,
    inJson.replaceAll(/[&<>]/g, (character) => `\\u00${hexOf(character).slice(1).toLowerCase()}`),
    ...(/[&<>"']/.test(value) ? QUOTES.map((quotes) => value.replaceAll(/[&<>"']/g, (one) => quotes[one] ?? one)) : []),
    ...inUrls.flatMap((text) => [text, text.replaceAll(/%[\dA-F]{2}/g, (code) => code.toLowerCase())]),
    ...(isShort ? base64Of(inUrls.at(-1) ?? '') : []),
    ...pathsOf(value),
  ];
}

/** Of HTML, as Node's and Go's libraries write them. */
const QUOTES: readonly Record<string, string>[] = [
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#x27;' },
];

function hexOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Returns the digits that a value has in base64 after a text of any length, and alone. */
function base64Of(value: string): string[] {
  const alone = Buffer.from(value, 'utf8').toString('base64').replace(/=+$/, '');
  const length = Buffer.byteLength(value);
  const within = ['', ' ', '  '].map((before) => {
    const digits = before === '' ? alone : Buffer.from(before + value, 'utf8').toString('base64');
    return digits.slice(Math.ceil((before.length * 8) / 6), Math.floor(((before.length + length) * 8) / 6));
  });
  const all = [alone, ...within];
  return [
    ...all,
    ...all.filter((text) => /[+/]/.test(text)).map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

function pathsOf(value: string): string[] {
  if (!HTTP_URL.test(value)) return [];
  const { pathname = '', search = '' } = URL.parse(value) ?? {};
  return [`${pathname}${search}`, pathname].filter(({ length }) => length >= SHORTEST_PATH);
}

function hashAt(text: string, at: number): number {
  return (
    ((text.charCodeAt(at) & 1023) << 20) | ((text.charCodeAt(at + 1) & 1023) << 10) | (text.charCodeAt(at + 2) & 1023)
  );
}

function forgetOldest(): void {
  const [oldest] = forms.keys();
  for (const form of forms.get(oldest ?? '') ?? []) known.get(hashAt(form, 0))?.delete(form);
  forms.delete(oldest ?? '');
}

/** Parameters of a URL, and headers, whose values are secrets. */
export const SECRET_NAME = /key|token|secret|pass|sig|auth|credential/i;

/** Remembers the password of a URL and the values of parameters such as `?key=`. */
export function rememberSecretsOf(url: string): void {
  const parsed = URL.parse(url);
  if (!parsed) return;
  const values = [...parsed.searchParams].flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : []));
  for (const value of [parsed.password, decoded(parsed.password), ...values]) rememberSecret(value);
  // As it is sent in a header.
  if (parsed.password !== '') rememberSecret(basic(decoded(parsed.username), decoded(parsed.password)));
}

function basic(user: string, password: string): string {
  return Buffer.from(`${user}:${password}`, 'utf8').toString('base64');
}

/** Decodes what is percent-encoded; returns anything else as it is. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
