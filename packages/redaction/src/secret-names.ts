/**
 * Names whose values are secrets. They are suffixes: `DB_PASSWORD`, `apiKey`, `client-secret`, `spring.datasource.password`.
 * Repetitions are bounded here and in all rules, so that no text from a cluster can make one slow (ReDoS).
 */
export const SECRET_NAME =
  '(?:passw(?:or[dt])?s?|contrase(?:ñ|\\u00f1|n)as?|senha|kennwort|wachtwoord|passord|adgangskode|l(?:ö|\\u00f6|o)senord|has(?:ł|l)o|heslo|parola|salasana|jelsz(?:ó|o)|lozinka|(?:passwords?|passwd|secret|token)[._-](?:value|plain(?:text)?|base64|b64|raw|string|confirm(?:ation)?|repeat)|mot[ _-]?de[ _-]?passe|geheimnis|passwds?|passwords|secret[_.-]?key[_.-]?base|session[_.-]?id|connect\\.sid|pass[ _-]?phrases?|passcode|pepper|pass|pwd|secret[ _.-]?id(?=["\'\\s:=]{1,60}[\\da-f]{8}-)|(?:session|jwt|cookie|client|consumer|hmac|signing)[_.-]?secret|secrets?|tokens?|' +
  'api[ _.-]?keys?|access[ _.-]?key(?:[_.-]?id)?|pw|psk|skey|erlang[_.-]?cookie|' +
  '(?:private|signing|encryption|account|secret|master|shared|sharedaccess|storage|client|license|app|application|auth|hmac|' +
  'cipher|session|cookie|consumer|deploy|ssh|sas|subscription|admin|function|tls|routing|integration|instrumentation|write|webhook|service|' +
  'validation|decryption|certificate|logged[_.-]?in|nonce|recovery|unseal|gossip)[ _.-]?keys?(?:[_.-]?(?:data|id|pem|base64|b64))?|' +
  'credentials?|creds?|dsn|jwt|otp|mnemonic|seed[ _.-]?phrase|unseal[ _.-]?key \\d|(?:auth|logged_in|nonce|password|hash|token)_salt|code_verifier|saml(?:response|request)|client_assertion|conn(?:ection)?[_.-]?str(?:ing)?|webhook[_.-]?ur[li]|' +
  'signature(?:[_-](?:v\\d|\\d{2,3}|ed25519))?|sig|jsessionid|phpsessid|_auth|authorization)';

/** Short words that are also parts of others: `compass`, `bypass`, `design`. They count at the begin of a word only. */
const SHORT = /^(?:pass|pepper|senha|pwd|psk|skey|otp|jwt|dsn|sig|creds?)$/i;
/** Names of other things that end in the same way: `existingSecret` is the name of an object. */
const OTHER_NAME = /(?:existing|pull|public|image|no|without)[_.-]?$/i;
/** A token that is an object of a program, and one of an assembly. */
const OTHER_TOKEN = /(?:cancellation|publickey)$/i;
/** A digest of a secret is none: `checksum/secret` is an annotation of many charts. */
const OF_DIGEST = /(?:checksum|sha256|digest)[/_.-]$/i;

const NAME_ENDS = new RegExp(`${SECRET_NAME}$`, 'i');

/** Returns whether a value of this name is a secret. */
export function isSecretName(name: string): boolean {
  const match = NAME_ENDS.exec(name) ?? /^(?:set-)?cookie$/i.exec(name);
  return match !== null && isWholeName(match[0], name.slice(Math.max(0, match.index - 16), match.index));
}

/**
 * Returns whether a match of {@link SECRET_NAME} is the name of a secret.
 * @param before what stands before the match
 */
export function isWholeName(word: string, before: string): boolean {
  if (OF_DIGEST.test(before.slice(-10))) return false;
  if (/^token$/i.test(word) && OTHER_TOKEN.test(before)) return false;
  if (/^secrets?$/i.test(word) && OTHER_NAME.test(before)) return false;
  if (!SHORT.test(word)) return true;
  const isCamel = /^[A-Z][a-z]/.test(word) && /[a-z\d]$/.test(before);
  return isCamel || !/[a-z]$/i.test(before);
}

/** Values that are no secrets: empty ones, references, types, and what programs print in place of a secret. */
const NO_SECRET =
  /^(?:true|false|yes|no|on|off|null|nil|none|undefined|empty|unset|missing|invalid|expired|required|is|and|or|the|to|from|for|flag|option|value|incorrect|wrong|enabled|disabled|optional|malformed|rejected|revoked|valid|ok|set|unset|not|mandatory|absent|present|changed|rotated|updated|deleted|created|unknown|denied|failed|string|str|bytes|text|int|char|await|new|function|return|\*+|x{3,}|redacted|filtered|masked|hidden|secret|-+)[!?.,;)\]}]?$/i;
const REFERENCE =
  /^(?:\$[({]?(?!(?:\d[a-z]?|y|gy|P|H|S)\$)\w|\$\$|\{\{|\$\{\{|%[sdvq]|%\(|%\{|<|\[|\(|arn:aws|kubernetes\.io\/|projects\/|[a-z]{2,12}:\/\/\S{0,100}(?:\/|\[redacted)|vault:|ref\+|@Microsoft\.KeyVault)/i;
/** The default of a reference is a value: `${TOKEN:-x}` of shells, `${token:x}` of Spring. */
const DEFAULT = /^\$\{[\w.-]{1,100}:?[-=:](?<given>(?![?+])[^\s{}]{1,1000})\}?/;
/** `getToken(17)`, `os.environ["X"]`, `r.Header.Get("X")`, `var.token`. */
const EXPRESSION =
  /^[A-Za-z_][\w.]{0,60}[([]|^(?:var|local|data|module|self|this|config|settings|process\.env|os\.environ|input|args|params|options|values)\.[A-Za-z_][\w.]{0,60}$/;
/** A digit in the place of a letter: `Str0ng(!)`. */
const DIGIT_IN_WORD = /^(?!b64|s3|k8s|h2|utf|sha|md5|oauth)[A-Za-z]+\d[A-Za-z]+[([]/i;
/** At least two segments, none as long as encoded data: `/etc/tls/private/key1.pem`. */
const FILE_PATH = /^(?:~|\.{0,2})(?:\/[\w.@-]{1,32}){1,12}\/?$/;
const OBJECT_NAME = /^[a-z\d]+(?:[-./][a-z\d]+)+$/;

/** Names whose values are no names of objects. */
const NO_OBJECT = /^(?:(?:session|jwt|cookie|consumer|client|hmac|signing)[_.-]?secret|api[ _.-]?key)$/i;

/** What has been redacted already, in quotes that are escaped or not. */
const REDACTED_BEFORE = /^(?:\\{0,7}["'])?\[redacted\]/;

/** Of code and of structures: `password == ""`, `"password": {`. */
const PUNCTUATION = /^[=!<>()[\]{},:;|]+$/;

/** Returns whether the value of a secret's name can be a secret at all. */
export function canBeSecret(name: string, value: string, quoted: boolean): boolean {
  if (value === '' || PUNCTUATION.test(value) || REDACTED_BEFORE.test(value) || NO_SECRET.test(value)) return false;
  if (/^(?:required|nullable|sometimes|string)\|/.test(value)) return false;
  if (REFERENCE.test(value)) {
    const given = DEFAULT.exec(value)?.groups?.given;
    return given !== undefined && /[^\W\d]/.test(given) && canBeSecret(name, given, quoted);
  }
  if (!quoted && EXPRESSION.test(value) && !DIGIT_IN_WORD.test(value)) return false;
  if (FILE_PATH.test(value)) return false;
  if (/(?:secret|credential|key)s?$/i.test(name) && OBJECT_NAME.test(value) && !/^[\da-f-]{20,}$/.test(value))
    return NO_OBJECT.test(name) && (quoted || /\d/.test(value));
  if (/(?:token|key|secret|sig|signature|dsn)s?$/i.test(name) && /^\d{1,9}$/.test(value)) return false;
  if (/(?:^|[^a-z])sig$/i.test(name) && value.length < 10) return false;
  if (/(?:pass|passwords|passwds)$/i.test(name) && /^\d{1,5}$/.test(value)) return false;
  return true;
}
