import { REDACTED } from '../redacted.ts';
import { canBeSecret } from '../secret-names.ts';

/** Of names before a value in quotes. */
const NAMES = ['password', 'passwd', 'passphrase', 'secret', 'token', 'apikey', 'api_key'];
const QUOTED_NAMES = NAMES.flatMap((name) => ['`', '"', "'"].map((quote) => name + quote));

/** What stands before a value and the value, and the words without one of which there is none. */
const PHRASES: readonly (readonly [pattern: RegExp, ...words: string[]])[] = [
  // The answers of a client of OpenVPN.
  [/(\bpassword:? "[\w -]{1,60}" ")([^"\n]{1,300})(?=")/gi, 'password: "', 'password "'],
  // SQL, and prose with quotes.
  [
    /(\b(?:identified by|\w{0,60}(?:password|passphrase|psk)(?: is| was|:)?)[ \t]{1,4}(?:\\{0,7}["'`]))([^\s"'`\\]{1,500})(?=\\{0,7}["'`](?!["'`]))/gi,
    'identified',
    ...['password', 'passphrase', 'psk'].flatMap((name) => [`${name} `, `${name}: `, `${name}\t`]),
  ],
  [
    /(\b(?:password|passphrase|passcode)(?: for [^\s:=]{1,60})? (?:is|was|set to):? ")(?=[^\n"]{0,100} )([^\n"]{6,200})(?=")/gi,
    ...['password', 'passphrase', 'passcode'].map((name) => `${name} `),
  ],
  // Numbers that are used once, and PINs.
  [
    /(\b(?:otp|one-time|verification|security|2fa|mfa)(?:[ _-](?:code|password|pin))?(?: is|:| ?=)[ \t]{0,4})(\d{6,10})\b/gi,
    'otp is',
    'otp: ',
    'otp=',
    'otp code',
    'code is ',
    'security code',
    '2fa code',
    'mfa code',
  ],
  [/(\bpin(?: is|:| ?=)[ \t]{0,4})(\d{6,12})\b/gi, 'pin is ', 'pin: ', 'pin='],
  [
    /(\b(?:api|access)[ _-]?key (?:is|was):? ["']?)(?=[^\s"']{0,100}\d)(?=[^\s"']{0,100}[a-z])([^\s"',;]{8,200})/gi,
    'key is ',
    'key was ',
  ],
  [/(\busername \S{1,60} password )(?=\S{0,100}\d)(\S{4,200})/gi, ' password '],
  // User and password, printed by an installer.
  [
    /(\bpassword for (?:user )?["']?[^\s:"']{1,60}["']?: )(?=[^\s"']{0,100}\d)(?=[^\s"']{0,100}[a-z])([^\s"']{8,100})(?=\s*$)/gim,
    'password for ',
  ],
  [/(\bpassword: ?[\w.@-]{1,60} \/ )(?=[^\s"']{0,100}\d)([^\s"']{6,200})(?=\s*$)/gim, 'password: '],
  [
    /(\bcredentials [\w.@-]{1,60}\/)(?=[^\s"']{0,100}\d)(?=[^\s"']{0,100}[!#$%&*^])([^\s"'/,;]{6,200})/gi,
    'credentials ',
  ],
  // A user of SNMP: the second password and the first.
  [
    /(\bcreateUser \S{1,60} (?:MD5|SHA(?:-?\d{3})?) (?:"[^"\n]{1,100}"|\S{1,100}) (?:AES|DES)(?:-?\d{3})? "?)([^\s"]{1,100})/g,
    'createuser',
  ],
  [/(\bcreateUser \S{1,60} (?:MD5|SHA(?:-?\d{3})?) "?)([^\s"]{1,100})/g, 'createuser'],
  [/(\blogin (?:with|as) [\w.@-]{1,60}:)(?=[^\s"']{0,100}\d)([^\s"':,;]{6,200})/gi, 'login with ', 'login as '],
  [
    /(\b(?:secret|token) (?:is|was):? ["']?)(?=[^\s"']{0,100}\d)(?=[^\s"']{0,100}[a-z])(?=[^\s"']{0,100}[A-Z])(?![vV]\d)([\w!#$%&*+./~^-]{8,200})(?=[\s"',;]|$)/g,
    ...['secret', 'token'].flatMap((name) => [`${name} is`, `${name} was`]),
  ],
  [/(\bpassword \([\w.@-]{1,60}\): ?)(?=[^\s"']{0,100}\d)(?=[^\s"']{0,100}[a-z])([^\s"']{6,200})/gi, 'password ('],
  [/(\binsecure-password[ \t]{1,4})(\S{1,200})/g, 'e-password '],
  [/( : PSK )(0s[\w+/]{6,400}={0,2}|0x[\da-f]{8,400})/gi, 'psk 0'],
  [
    /(\buser_\w{1,60}=")(?<=(?:jaas\.config|LoginModule)[^\n]{0,300})([^"\n]{1,200})(?=")/g,
    'jaas.config',
    'loginmodule',
  ],
  // Redis, Kafka, Spring, Hadoop, kubeadm.
  [/(\bauth-pass[ \t]{1,4}\S{1,100}[ \t]{1,4}"?)([^\s"]{1,500})/g, 'auth-pass'],
  [/(\buser \S{1,60} (?:on|off)\b[^\n]{0,200}? #)([a-f\d]{64})\b/g, ' on #', ' off #'],
  [
    /(^[ \t]{1,20}user_(?!name|id|agent|email|role|type)\w{1,60}=")(?=[^"\n]{0,100}\d)([^"\s]{4,200})(?=";?\s*$)/gm,
    'user_super',
    'user_admin',
  ],
  [
    /(\b[\w.-]{0,80}(?:password|passwd|secret|token|api-?key)["']?,? Value: ["'])([^"'\n]{1,500})(?=["'])/gi,
    ...['password', 'passwd', 'secret', 'token', 'key'].flatMap((name) => [`${name} value`, `${name}, value`]),
  ],
  [/(\bpassword\.{5,60})([^\s.<][^\s.]{1,200})(?=\s*$)/gim, 'password.....'],
  [/(\baccount\.key\.[\w.-]{1,120}(?:[:=]| )[ \t]{0,4})([\w+/]{40,120}={0,2})/g, 'account.key.'],
  [/(\bcertificate key:[ \t]{0,4}\r?\n[ \t]{0,8})([a-f\d]{64})\b/gi, 'certificate key:'],
  // Prose without quotes. The value must look like one.
  [
    /(\b(?:password|passphrase|passcode|kennwort|passwort)(?: for [^\n:=]{1,60}?)? (?:is|was|set to|lautet|ist):?[ \t]{1,4}["']?)(?=[^\s"']{0,100}\d)(?=[^\s"']{0,100}[a-z])([^\s"',;]{6,200})/gi,
    'password ',
    'passphrase ',
    'passcode ',
    'kennwort ',
    'passwort ',
  ],
  // Of installers, which print it once.
  [
    /(\bpassword (?:is |was |has been )?(?:generated|created|set|reset)\b[^\n:]{0,80}: ?)(?=[^\s"']{0,100}[\dA-Z])([^\s"']{8,100})(?=\s|$)/gi,
    'password is',
    'password was',
    'password has',
    'password gen',
    'password cre',
    'password set',
    'password reset',
  ],
  [
    /(\bpassword for [^\n]{1,160}:[ \t]{0,4}\r?\n[ \t]{0,8})(?=[^\s]{0,100}\d)(?=[^\s]{0,100}[A-Za-z])([^\s]{12,100})(?=\s|$)/gi,
    'password for ',
  ],
  [/(\br[ow]community6?[ \t]{1,4})(\S{1,100})/gi, 'rocommunity', 'rwcommunity'],
  [/(--secret-string(?:=|[ \t]{1,4})')(\{[^'\n]{1,4000})(?=')/g, 'secret-string'],
  // User and password.
  [
    /(\b(?:credentials?|creds|login)["']?: ?["']?[\w.@-]{1,60} ?\/ ?)(?=[^\s"']{0,100}\d)([^\s"'/,;]{6,200})(?=["'\s,;]|$)/gi,
    'credential',
    'creds:',
    'login:',
  ],
  [
    /((?:\bbasic[_-]?auth["']?[ \t]{0,4}[:=][ \t]{0,4}|--(?:basic-?)?auth(?:=|[ \t]{1,4}))["']?[\w.@-]{1,60}:)(?=[^\s"']{0,100}[\d!#$%&*])([^\s"'/:][^\s"':]{3,200})(?=["'\s,;]|$)/gi,
    'basicauth',
    'basic_auth',
    'basic-auth',
    '--auth ',
    '--auth=',
  ],
  [/(:\s{1,10})([\da-f]{32})\b(?<=\bpassword[^\n]{0,60}:\s{1,10}[\da-f]{32})/g, 'password'],
  // A name in quotes.
  [
    /(\b\w{0,60}(?:passw(?:or)?d|passphrase|secret|token|api_?key)["'`](?: is| was| =|:)?[ \t]{1,4}["'`])([^\s"'`]{1,500})(?=["'`])/gi,
    ...QUOTED_NAMES,
  ],
  // With letters of both cases and a digit it is no word.
  [
    /(\bpassword[ \t])(?=[^\s"']{0,100}\d)(?=[^\s"']{0,100}[a-z])(?=[^\s"']{0,100}[A-Z])([\w!#$%&*+./~^-]{8,200})(?=\s|$)/g,
    'password ',
    'password\t',
  ],
  // SQL with a plug-in, an ACL of Redis, HAProxy, network devices.
  [/(\bPASSWORD \w{1,40} = )(\S{6,200})/g, 'password '],
  [
    /(\b(?:auth (?:md5|sha(?:-?\d{3})?)|priv (?:3?des|aes(?:-?\d{3}| \d{3})?)) )(?![a-z]+(?:\s|$))(\S{6,100})/g,
    'auth md5',
    'auth sha',
    'priv des',
    'priv 3des',
    'priv aes',
  ],
  // A name that no prose contains.
  [
    /(\b(?:\w{1,40}_)?(?:secret|access|api|account|auth)_(?:access_)?(?:key|token)[ \t]{1,4})(?=[a-z\d]{0,40}(?:[a-z]\d|\d[a-z]))([a-z\d+/]{10,200}={0,2})(?=\s|$)/gi,
    ...['secret_', 'access_', 'api_', 'account_', 'auth_'].flatMap((name) => [
      `${name}key `,
      `${name}token `,
      `${name}access_`,
    ]),
  ],
  // A user and a password in one value.
  [
    /(\b(?:\w{1,60}_USER|\w{0,40}authident|\w{0,40}userpwd|BUNDLE_\w{1,80})["']?[ \t]{0,4}[:=][ \t]{0,4}["']?[\w.@-]{1,60}:)([^\s"'/:][^\s"':]{3,200})(?=["'\s,;]|$)/gi,
    '_user',
    'authident',
    'userpwd',
    'bundle_',
  ],
  [
    /("(?:github|gitlab|bitbucket)-(?:oauth|token)"\s{0,4}:\s{0,4}\{\s{0,20}"[\w.:-]{1,100}"\s{0,4}:\s{0,4}")([^"\n]{8,500})(?=")/g,
    '-oauth"',
    '-token"',
  ],
  [/([ (]\w[\w.-]{0,60}\/)([^\s"'/@]{3,200})(?=@(?:\/\/)?[\w.-]{1,100}:\d{2,5}[/:]\w)/g, '@//', ':1521'],
  [
    /(\bidentified (?:with|via)[ \t]{1,4}[\w"'`]{1,60}[ \t]{1,4}(?:by|as|using)[ \t]{1,4}["'`])([^\s"'`]{1,500})(?=["'`])/gi,
    'identified ',
  ],
  [/(\bsetuser\b[^\n]{0,200}?[ "]>)([^\s"]{1,500})/gi, 'setuser'],
  [/(\bstats\s{1,8}auth\s{1,8}[\w.-]{1,60}:)(\S{1,200})/gi, 'stats '],
  [
    /(\b(?:password|secret|key) [05-9] ["']?)(?=[\w$./]{0,60}\d)([\w$./]{8,200})/gi,
    ...['password', 'secret', 'key'].flatMap((name) => ['0', '5', '6', '7', '8', '9'].map((kind) => `${name} ${kind}`)),
  ],
  [/(\bcommunity[ \t]{1,4})(\S{1,100})(?=[ \t]{1,4}(?:RO|RW|ro|rw|view)\b)/g, 'community '],
  // A type between name and value, SQL, LDAP, the commands of POP and SMTP.
  [
    /(\b\w{0,60}(?:passw(?:or)?d|passphrase|secret|token|api_?key): ?(?:String|str|string|&str|\[\]byte)\?? ?= ?["'])([^"'\n]{4,500})(?=["'])/gi,
    ...NAMES.flatMap((name) => [
      `${name}: s`,
      `${name}:s`,
      `${name}: &str`,
      `${name}:&str`,
      `${name}: []`,
      `${name}:[]`,
    ]),
  ],
  [/(= ?(?:old_)?password\(["'])([^\s"']{1,500})(?=["']\))/gi, 'password('],
  [/(\buser \S{1,60} (?:on|off)\b[^\n]{0,200}? >)(\S{1,500})/g, ' on >', ' off >', '+@all'],
  [/(\bpassword for [^\n=]{1,100}= ?["'])([^"'\n]{1,500})(?=["'])/gi, 'password for '],
  [
    /(\b(?:bindpw|rootpw|authtok|ldap_default_authtok)[ \t]{0,4}[= ][ \t]{0,4})(\S{1,200})/gi,
    'bindpw',
    'rootpw',
    'authtok',
  ],
  [/(\b[CS]: PASS )(\S{1,200})(?=\r?$)/gm, ': pass '],
  [/(\bAUTH (?:PLAIN|LOGIN|XOAUTH2) )([\w+/]{8,2000}={0,2})/g, 'auth plain ', 'auth login ', 'xoauth2 '],
  [/(\bWIFI:[^\n]{0,100}?;P:)([^;\n]{1,100})(?=;)/g, 'wifi:'],
  [/(\b(?:snyk auth|codecov(?:-cli)? [^\n]{0,60}?-t) )([\da-f-]{36})/g, 'snyk auth', 'codecov'],
  // .netrc, redis.conf, the commands of Redis.
  [/(\blogin \S{1,100} password )(\S{1,500})/g, ' password '],
  [/(\b(?:requirepass|masterauth)[ \t]{1,4}"?)([^\s"'-][^\s"']{0,500})/g, 'requirepass', 'masterauth'],
  [/("auth"(?: "[^\s"]{1,100}")? ")([^\s"]{1,500})(?=")/gi, '"auth" '],
];

/** Redact passwords that commands, SQL and prose give without an assignment; each rule with the words without which it finds nothing. */
export const PHRASE_RULES: readonly (readonly [rule: (text: string) => string, ...words: string[]])[] = PHRASES.map(
  ([pattern, ...words]) => [
    (text: string): string =>
      text.replace(pattern, (whole: string, before: string, value: string) =>
        canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole,
      ),
    ...words,
  ],
);
