import { randomText } from './random-text.ts';

const SIZE = 1_000_000;
const fill = (part: string): string => part.repeat(Math.ceil(SIZE / part.length)).slice(0, SIZE);
const dash = '-----';

/** Texts of 1 MB that make careless rules slow, by what they consist of. */
export const HOSTILE_TEXTS: Record<string, () => string> = {
  'one long word': () => fill('a'),
  'one long number': () => fill('7'),
  spaces: () => fill(' '),
  'line breaks': () => fill('\n'),
  'names without values': () => fill('password '),
  'names and equals signs': () => fill('password='),
  'names and colons': () => fill('token: '),
  'names with open quotes': () => fill('password="'),
  'names with open single quotes': () => fill("secret: '"),
  'names with escaped quotes': () => fill(String.raw`{\"token\":\"`),
  'names with many backslashes': () => fill(`token${'\\'.repeat(40)}`),
  backslashes: () => fill('\\'),
  quotes: () => fill('"'),
  'names in names': () => fill('tokensecretpassword'),
  'name pairs without values': () => fill('name: password '),
  flags: () => fill('--password '),
  hyphens: () => fill('-'),
  'open elements': () => fill('<password>'),
  'open elements with attributes': () => fill('<password a="'),
  'begins of keys': () => fill(`${dash}BEGIN PRIVATE KEY${dash}\n`),
  'ends of keys': () => fill(`${dash}END PRIVATE KEY${dash}\n`),
  'begins of keys with base64': () => fill(`${dash}BEGIN PRIVATE KEY${dash}\n${randomText(64, 'base64', 1)}\n`),
  'base64 in lines': () => `${fill(`${randomText(64, 'base64', 1)}\n`)}PRIVATE KEY`,
  'base64 in one line': () => Buffer.from(fill('password=')).toString('base64').slice(0, SIZE),
  'base64 with equals signs': () => fill('YQ='),
  'base64 of base64': () =>
    Buffer.from(Buffer.from(fill('token=')).toString('base64'))
      .toString('base64')
      .slice(0, SIZE),
  schemes: () => fill('a://'),
  'URLs with colons': () => fill('https://a:'),
  'URLs with at signs': () => fill('https://a:@'),
  'at signs': () => `x://${fill('a:@')}`,
  'parts of JSON Web Tokens': () => fill('eyJaaaaaaaaa.'),
  'begins of JSON Web Tokens': () => fill('eyJ'),
  cookies: () => fill('cookie: a=b; '),
  'cookie separators': () => `cookie: ${fill('a=;')}`,
  'authorization headers': () => fill('authorization: Bearer '),
  commands: () => fill('curl -u '),
  logins: () => fill('mysql -p '),
  'prefixes of tokens': () => fill('ghp_xoxb-sk-glpat-AKIA'),
  underscores: () => fill('_'),
  dots: () => fill('a.'),
  'percent signs': () => fill('%3D%22token%22'),
  'open brackets': () => fill('['),
  'null characters': () => fill('\0token='),
  'characters beyond ASCII': () => fill('пароль=ключ '),
  'half surrogates': () => fill('\ud800token='),
  'long lines of names': () => fill(`api_key${' '.repeat(30)}`),
};
