import { REDACTED } from '../redacted.ts';
import { canBeSecret } from '../secret-names.ts';

const STRING = `["'][^"'\\n]{0,200}["']`;

/** Calls and commands of protocols whose last argument is a password, each with the words without which it finds nothing. */
const CALLS: readonly (readonly [pattern: RegExp, ...words: string[]])[] = [
  [
    new RegExp(
      `((?:basic_?auth\\w{0,20}|UsernamePassword\\w{0,40}|NetworkCredential|PSCredential|simple_bind(?:_s)?|PasswordAuthentication)\\(\\s{0,8}${STRING}\\s{0,8},\\s{0,8}["'])([^"'\\n]{1,500})(?=["'])`,
      'gi',
    ),
    'basicauth',
    'basic_auth',
    'usernamepassword',
    'networkcredential',
    'pscredential',
    'simple_bind',
    'passwordauthentication',
  ],
  [new RegExp(`(\\bauth ?= ?\\(${STRING}, ?["'])([^"'\\n]{1,500})(?=["']\\))`, 'g'), 'auth=(', 'auth = ('],
  [
    new RegExp(`((?:mysqli?_connect|Sequelize)\\((?:${STRING},\\s{0,8}){2}["'])([^"'\\n]{1,500})(?=["'])`, 'g'),
    '_connect(',
    'sequelize(',
  ],
  [
    /(\.(?:set|with)\w{0,40}(?:Password|Passphrase|Secret|Token|ApiKey)\(\s{0,8}["'])([^"'\n]{1,500})(?=["']\s{0,8}\))/g,
    ...['password', 'passphrase', 'secret', 'token', 'apikey'].flatMap((name) => [`${name}("`, `${name}('`]),
  ],
  [
    new RegExp(`((?:PDO->__construct|new PDO)\\((?:${STRING},\\s{0,8}){2}["'])([^"'\\n]{1,500})(?=["'])`, 'g'),
    'pdo->__construct',
    'pdo(',
  ],
  [
    new RegExp(
      `((?:ftp_login\\((?:[^"'(),\\n]{1,60},\\s{0,4})?|changeUserPassword\\(|\\bsp_add(?:login|srvrolemember)[ \\t]{1,4}N?)${STRING},\\s{0,8}N?["'])([^"'\\n]{1,500})(?=["'])`,
      'gi',
    ),
    'ftp_login',
    'userpassword(',
    'sp_addlogin',
  ],
  [/(\bPassword\()(?=[^()\s"']{0,60}\d)([^()\s"',]{4,100})(?=\))/g, 'password('],
  [/(<credential-reference [^<>\n]{0,100}?clear-text=["'])([^"'\n]{1,500})(?=["'])/g, 'clear-text='],
  // Redis, FTP, IMAP, SMTP.
  [
    /((?:^|[>\]] ?)AUTH (?:[\w.-]{1,60} )?)(?!PLAIN|LOGIN|CRAM|XOAUTH|SCRAM|NTLM)(?=\S{0,100}[\d!$*#?])(\S{4,500})(?=\s*$)/gm,
    'auth ',
  ],
  [/((?<![A-Z])AUTH(?:\\r\\n|\r\n)\$\d{1,4}(?:\\r\\n|\r\n))([^\\\r\n]{1,500})/g, 'auth\\r'],
  [/([>:] PASS )(?!\d+\s*$)(\S{1,200})(?=\s*$)/gm, '> pass ', ': pass '],
  [/(^\w{1,10} LOGIN "?[^\s"]{1,100}"? ")([^"\n]{1,200})(?="\s*$)/gm, ' login '],
  [/(^\w{1,10} LOGIN "?[^\s"]{1,100}"? "?)([^\s"]{1,200})(?="?\s*$)/gm, ' login '],
  [/(334 UGFzc3dvcmQ6\r?\n(?:[><C]:? )?)([\w+/]{4,500}={0,2})/g, 'ugfzc3dvcmq6'],
  // A client's line of Postfix, and of PPP.
  [
    /((?<!\S)\[?[\w.-]{1,100}\]?:\d{2,5}[ \t]{1,8}[^\s:@]{1,60}@[^\s:@]{1,60}:|^\[?[\w.-]{1,100}\]?:\d{2,5}[ \t]{1,8}[^\s:]{1,100}:)(\S{4,200})(?=\s*$)/gm,
    ':587 ',
    ':465 ',
    ':25 ',
    ':587\t',
  ],
  [/(^"?[\w.@-]{1,60}"?\s{1,8}\*\s{1,8}")(?=[^"\n]{0,60}\d)(?=[^"\n]{0,60}[A-Za-z])([^"\n]{6,200})(?=")/gm, ' * "'],
  [/(\b(?:tacacs|radius)-server (?:host \S{1,100} )?key (?:\d )?)(\S{4,200})/g, 'tacacs-server', 'radius-server'],
  // Programs of Windows.
  [/(\bnet1? use [^\n]{0,200}?\/user:\S{1,100} )(?!\/)(\S{4,200})/gi, 'net use '],
  [/(\bschtasks\b[^\n]{0,300}? \/rp )(\S{1,200})/gi, 'schtasks'],
  [/( \/pass(?:word)?:)(\S{1,200})/gi, ' /pass'],
  // A file of Apache: `AuthLDAPBindPassword x`.
  [
    /(^[ \t]{0,20}[A-Z][A-Za-z]{0,40}[a-z](?:Password|Passphrase|Secret)[ \t]{1,8})([^\s"'<>=:{([-][^\s"']{3,200})(?=\s*$)/gm,
    'password ',
    'passphrase ',
    'secret ',
  ],
  // Headers and parameters of a proxy, and the headers that a proxy logs.
  [
    /(\b(?:proxy_set_header|more_set_headers|add_header|fastcgi_param|uwsgi_param|RequestHeader set|SetEnv)[ \t]{1,8}["']?[\w-]{0,60}(?:key|token|secret|pass(?:word|wd)?|pwd)["']?[ \t]{1,8}["']?)([^\s"'$;][^\s"';]{3,500})/gi,
    't_header ',
    'd_header ',
    'fastcgi_param',
    'uwsgi_param',
    'setenv ',
  ],
  [
    /(["'](?:x-[\w-]{0,40}(?:key|token|secret)|private-token|api-key|cookie|(?:proxy-)?authorization)["'], ?["'](?:(?:Bearer|Basic|Token) )?)(?=[^\n"']{0,200}\d)([^\s"'][^\n"']{3,2000})(?=["'])/gi,
    ...['key', 'token', 'secret', 'cookie', 'authorization'].flatMap((name) => [`${name}', '`, `${name}", "`]),
  ],
  // Properties with a space behind the name.
  [
    /(^[ \t]{0,20}spark\.[\w.]{1,100}(?:password|secret)[ \t]{1,20})([^\s=:$][^\s]{3,500})(?=[ \t]{0,8}$)/gm,
    'secret ',
    'password ',
  ],
  [/(\bproxy_set_header[ \t]{1,8}Cookie[ \t]{1,8}["']?[\w.-]{1,60}=)([^\s"'$;][^\s"';]{3,500})/g, 't_header '],
  [
    /(^[ \t]{0,20}[A-Z][A-Za-z]{0,40}[a-z](?:Password|Passphrase|Secret)[ \t]{1,8}")([^"\n]{1,200})(?="\s*$)/gm,
    'password "',
    'passphrase "',
    'secret "',
  ],
  // Arguments in a stack trace of PHP.
  [
    new RegExp(
      `(\\b(?:authenticate|login|logIn|attempt)\\((?:${STRING}|Object\\([\\w\\\\]{1,80}\\)),\\s{0,4}["'])(?=[^"'\\n]{0,100}\\d)([^"'\\n]{4,500})(?=["'])`,
      'gm',
    ),
    'authenticate(',
    'login(',
  ],
  // A store of keys and values: `etcdctl put /app/password x`.
  [
    /(\b(?:put|h?set)[ \t]{1,4}[\w./:-]{1,200}(?:password|passwd|secret|token|api_?key)[ \t]{1,4}["']?)(?=[^\s"']{0,100}\d)([^\s"']{6,500})/gi,
    ...['password', 'passwd', 'secret', 'token', 'apikey', 'api_key'].map((name) => `${name} `),
  ],
  [/(\b(?:token|secret|password)[ \t]{1,4})([a-f\d]{32,128})\b/gi, 'token ', 'secret ', 'password '],
];

/** Redact passwords in calls, and in what clients and servers say to each other. */
export const CALL_RULES: readonly (readonly [rule: (text: string) => string, ...words: string[]])[] = CALLS.map(
  ([pattern, ...words]) => [
    (text: string): string =>
      text.replace(pattern, (whole: string, before: string, value: string) =>
        canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole,
      ),
    ...words,
  ],
);
