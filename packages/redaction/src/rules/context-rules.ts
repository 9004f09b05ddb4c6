import { REDACTED } from '../redacted.ts';
import { canBeSecret, SECRET_NAME } from '../secret-names.ts';
import { looksRandom } from '../search/token-rules.ts';

/** Redacts the password of a URL; user and host remain. Also a token in the place of the user. */
export function redactUrls(text: string): string {
  if (!text.includes('@')) return text;
  return text
    .replace(URL_PASSWORD, (whole: string, before: string, password: string) =>
      password.startsWith(REDACTED) || /^\d{1,5}[/?#]/.test(password) || /^\$[({]|^\[[A-Z]{4,12}\]$/.test(password)
        ? whole
        : `${before}${REDACTED}`,
    )
    .replace(URL_TOKEN, `$1${REDACTED}`)
    .replace(ORACLE, `$1${REDACTED}`);
}

/** A password may contain any of `@/#?`, if a host follows the last `@`. */
const URL_PASSWORD =
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'<>?#]{0,200}:)([^\s"'<>`\\]{1,300})(?=@[\w.[\]-]{1,250}(?:[:/?#,\s"'<>)\]}\\]|$))/gi;
const URL_TOKEN = /(\b[a-z][a-z0-9+.-]{1,20}:\/\/)(?=[\w-]{0,60}\d)[\w-]{20,255}(?=(?::|:x-oauth-basic)?@[\w.-])/gi;
const ORACLE = /(:thin:[\w.-]{1,60}\/)[^\s@"']{1,200}(?=@)/gi;

/** Redacts the password of a URL that is encoded as a value. */
export function redactEncodedUrls(text: string): string {
  return text.replace(/(%3A%2F%2F[\w.-]{0,100}%3A)([\w.~!*-]{1,200}|[\w.~!*%-]{1,300}?)(?=%40)/gi, `$1${REDACTED}`);
}

/** Redacts the password of a Go data source name. */
export function redactGoDsn(text: string): string {
  return text.replace(/([\w.-]{1,100}:)([^\s"'@]{1,200})(?=@(?:tcp|unix)\()/g, `$1${REDACTED}`);
}

/** Redacts `Authorization`, bearer and basic credentials. */
export function redactAuthorization(text: string): string {
  return text
    .replace(/\b(Bearer[ \t]{1,4})(?=[A-Za-z._~+/=-]{0,500}\d)[A-Za-z0-9._~+/=-]{16,4000}/gi, `$1${REDACTED}`)
    .replace(
      /\b(Bearer[ \t]{1,4})(?=[A-Za-z._~-]{0,15}\d)(?=[\d._~-]{0,15}[A-Za-z])[A-Za-z0-9._~-]{7,15}(?![\w.~+/=-])/g,
      `$1${REDACTED}`,
    )
    .replace(/\b(Basic[ \t]{1,4})(?=[A-Za-z+/=]{0,500}\d)[A-Za-z0-9+/]{16,4000}={0,2}(?![\w.-])/gi, `$1${REDACTED}`)
    .replace(
      /\b(Basic[ \t]{1,4})([A-Za-z0-9+/]{6,4000}={0,2})[\w.~+/=-]{0,4000}/gi,
      (whole: string, before: string, value: string) => (isUserAndPassword(value) ? `${before}${REDACTED}` : whole),
    )
    .replace(AUTHORIZATION, (whole: string, before: string, value: string) =>
      value.startsWith(REDACTED) || !/\d/.test(value) ? whole : `${before}${REDACTED}`,
    )
    .replace(/\b((?:response|mac)=\\?")([\w+/=]{20,200})(?=\\?")/g, `$1${REDACTED}`);
}

/** Returns whether a text is the base64 of `user:password`; a word, such as that in "Basic authentication", is none. */
function isUserAndPassword(text: string): boolean {
  return (
    text.length % 4 === 0 && /^[\x20-\x7e]{1,200}:[\x20-\x7e]+$/.test(Buffer.from(text, 'base64').toString('latin1'))
  );
}

const AUTHORIZATION =
  /(authorization(?:\\{0,7}["'])?[ \t]{0,4}[:=][ \t]{0,4}\[?(?:\\{0,7}["'])?(?:(?:Bearer|Basic|Token|ApiKey|Api-Key|Api-Token|Key|GenieKey|Splunk|SSWS|Negotiate|Digest|SharedKey(?:Lite)?|AWS|OSS|OAuth|Bot|Hawk|Signature)[ \t]{1,4})?)([\w.~+/=:%&-]{12,4000})/gi;

/** Redacts the values of cookies; their names and attributes remain. */
export function redactCookies(text: string): string {
  return text.replace(
    /(cookie2?(?:\\{0,7}["'])?[ \t]{0,4}[:=][ \t]{0,4}(?:\\{0,7}["'])?)([\w.$-]{1,100}=[^\n"'\\]{1,4000})/gi,
    (_: string, before: string, cookies: string) =>
      before +
      cookies.replaceAll(
        /(?<=^|;\s{0,4})(?!path=|domain=|expires=|max-age=|samesite=)([\w.$-]{1,100}=)([^;\s]{1,4000})/gi,
        (whole: string, name: string, value: string) => (value.startsWith(REDACTED) ? whole : `${name}${REDACTED}`),
      ),
  );
}

/** Redacts the value in a table of Markdown: `| password | x |`. */
export function redactTables(text: string): string {
  return text.replace(TABLE, (whole: string, before: string, value: string) =>
    canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole,
  );
}

const TABLE =
  /(\|[ \t]{0,20}["'`*]{0,3}\w{0,60}(?:passw(?:or)?d|passphrase|secret|token|api_?key)["'`*]{0,3}[ \t]{0,40}\|[ \t]{0,20}["'`]?)(?=[^\s|]{0,100}\d)([^\s|"'`]{6,500})(?=["'`]?[ \t]{0,40}\|)/gi;

/** Redacts what looks random behind a name: `shared_key x`, `add-authtoken x`, `config set dbPassword x`, `key=x`. */
export function redactDirectives(text: string): string {
  return text
    .replace(DIRECTIVE, (whole: string, before: string, value: string) =>
      looksRandom(value) ? `${before}${REDACTED}` : whole,
    )
    .replace(COLUMNS, (whole: string, before: string, value: string) =>
      canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole,
    );
}

/** A line of two columns, as `vault kv get` prints it. */
const COLUMNS =
  /^([ \t]{0,20}[\w.-]{0,60}(?:passw(?:or)?d|passphrase|secret|token|api_?key)(?: {3,40}|\t{1,4}))(?=[^\s]{0,100}\d)(?=[^\s]{0,100}[A-Za-z])([^\s]{6,500})[ \t\r]{0,8}$/gim;

const DIRECTIVE =
  /((?:passw(?:or)?d|passphrase|secret|token|(?<!public[_. -]?|publishable[_-]?|pub[_-]?)key|psk)["']?(?:[ \t]{1,4}|[ \t]?[=:][ \t]?)["']?)([\w+/!#$%&*.~^-]{10,400}={0,2})(?=["'\s,;)\]}]|$)/gi;

/** Redacts tokens whose prefix is not at their begin, and secrets that only their neighbours show. */
export function redactMarked(text: string): string {
  return (
    text
      .replace(/(?<=\bbot|\b)\d{8,10}:AA[\w-]{32,35}(?![\w-])/g, REDACTED)
      .replace(/(?<![\w~.-])[\w~.-]{3}[78]Q~[\w~.-]{31,34}(?![\w~.-])/g, REDACTED)
      .replace(/\b[A-Za-z\d]{14}\.atlasv1\.[\w-]{60,70}/g, REDACTED)
      .replace(/\b[\w-]{11}:APA91b[\w-]{100,200}/g, REDACTED)
      .replace(
        /(^|[\s"'])([\w.*-]{1,200}:(?:\d{1,5}|\*):[\w.*-]{1,60}:[\w.*-]{1,60}:)([^\s:]{1,200})$/gm,
        `$1$2${REDACTED}`,
      )
      .replace(/(?<![\w-])\w{6}_\w{29}_mmk\b/g, REDACTED)
      .replace(/\b[A-Za-z\d]{70,80}AZDO[A-Za-z\d]{4,6}\b/g, REDACTED)
      .replace(
        /-----BEGIN(?:%20|\+)(?:[A-Z]{2,10}(?:%20|\+)){0,2}PRIVATE(?:%20|\+)KEY-----[\w%+.]{16,20000}(?:-----END(?:%20|\+)[A-Z\d%+]{0,40}KEY-----)?/g,
        REDACTED,
      )
      // Behind the id of an access key, its secret.
      .replace(
        /(\[redacted\][\s,:;"'|/]{1,6})([A-Za-z\d+/]{40})(?![\w+/=])/g,
        (whole: string, before: string, value: string) => (looksRandom(value) ? `${before}${REDACTED}` : whole),
      )
      .replace(/([?&]code=)(?=[\w%-]{0,100}\d)([\w%.~/+-]{20,2000}={0,2})/gi, `$1${REDACTED}`)
      .replace(
        /([?&]code=)(?=[\w-]{0,20}[a-z])(?=[\w-]{0,20}[A-Z])(?=[\w-]{0,20}\d)([\w-]{8,19})(?![\w-])/g,
        `$1${REDACTED}`,
      )
      .replace(/([?&]auth=)(?=[\w-]{0,60}\d)([\w.~-]{6,500})/gi, `$1${REDACTED}`)
      .replace(/([?&]key=)(?=[\w-]{0,60}\d)([\w-]{16,500})/gi, `$1${REDACTED}`)
      .replace(
        /(\bencrypt(?:\\{0,3}")?[ \t]{0,4}[:=][ \t]{0,4}\\{0,3}")([\w+/]{22,43}={1,2})(?=\\{0,3}")/gi,
        `$1${REDACTED}`,
      )
      .replace(/((?:"|\\")_?auth(?:"|\\")\s{0,4}:\s{0,4}(?:"|\\"))([\w+/=-]{8,2000})/gi, `$1${REDACTED}`)
  );
}

/** Redacts a line of `userlist.txt` of PgBouncer: `"user" "password"`. */
export function redactUserList(text: string): string {
  return text.replace(
    /^("[\w.-]{1,60}" ")([^"\s]{6,200})(?="[ \t\r]*$)/gm,
    (whole: string, before: string, value: string) => (looksRandom(value) ? `${before}${REDACTED}` : whole),
  );
}

/** Redacts what a command printed that decodes a Secret: the line below it. */
export function redactDecoded(text: string): string {
  return text.replace(
    /(\bsecrets?\b[^\n]{0,300}base64 (?:-d|-D|--decode)[^\n]{0,60}\r?\n)(?![$#>])([^\s]{4,500})(?=\r?\n|$)/g,
    (whole: string, before: string, value: string) =>
      canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole,
  );
}

/** Redacts the value of a ConfigMap as `kubectl describe` prints it. */
export function redactDescribed(text: string): string {
  return text.replace(DESCRIBED, (whole: string, before: string, value: string) =>
    canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole,
  );
}

const DESCRIBED = new RegExp(`(${SECRET_NAME}:\\r?\\n----\\r?\\n)([^\\n]{1,2000})`, 'gi');

/** Redacts the private members of a JSON Web Key. */
export function redactJsonWebKeys(text: string): string {
  return text.replace(/("(?:d|p|q|dp|dq|qi|k)"\s{0,8}:\s{0,8}")([\w-]{20,2000})(?=")/g, `$1${REDACTED}`);
}
