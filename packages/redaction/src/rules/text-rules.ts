import { CALL_RULES } from './call-rules.ts';
import { COMMAND_RULES } from './command-rules.ts';
import {
  redactAuthorization,
  redactCookies,
  redactDirectives,
  redactDecoded,
  redactDescribed,
  redactEncodedUrls,
  redactGoDsn,
  redactJsonWebKeys,
  redactMarked,
  redactTables,
  redactUserList,
  redactUrls,
} from './context-rules.ts';
import {
  beginsLine,
  canHaveValue,
  endsArgument,
  followsName,
  type Gate,
  hasDigitBehind,
  hasUserInfo,
} from './gates.ts';
import { redactBlocks, redactPipeTables, redactTableColumns } from './multi-line.ts';
import { redactChanges, redactNamedValues } from './named-values.ts';
import { PHRASE_RULES } from './phrase-rules.ts';
import { redactListedFlags, redactSpacedValues } from './spaced-values.ts';
import { redactInserts, redactStatements, redactUserLists } from './statement-rules.ts';
import type { Keyword } from '../search/keyword-scan.ts';

/** Redacts the lines with a word. */
export type TextRule = (text: string) => string;

const NAMES = ['password', 'secret', 'token', 'key', 'passwd', 'passphrase'];

/** The rules that need the text around a word, and the words. Rules of one word run in this order. */
const TEXT_RULES: readonly (readonly [rule: TextRule, ...words: string[]])[] = [
  [redactUrls, '://', ':thin:'],
  [redactEncodedUrls, '%3a%2f%2f'],
  [redactGoDsn, '@tcp(', '@unix('],
  [redactAuthorization, 'bearer', 'basic', 'authorization'],
  [redactCookies, 'cookie'],
  ...COMMAND_RULES,
  [
    redactMarked,
    ':aa',
    '8q~',
    '7q~',
    '.atlasv1.',
    ':apa91b',
    '?key=',
    '&key=',
    'auth"',
    'auth\\"',
    '_mmk',
    '?code=',
    '?auth=',
    '&auth=',
    '&code=',
    'encrypt"',
    'encrypt\\"',
    'encrypt =',
    'azdo',
    'private%20key',
    'private+key',
    'redacted] ',
    'redacted]\t',
    'redacted],',
    'redacted]:',
  ],
  [redactUserList, '" "'],
  [redactMarked, ':5432:', ':3306:', ':27017:', ':6379:', ':*:'],
  [redactJsonWebKeys, '"kty"'],
  [redactStatements, 'identified by', 'password ', 'psk '],
  [redactInserts, ') values', ')values'],
  [redactUserLists, 'chpasswd:'],
  [redactSpacedValues, 'pass', 'pwd', 'secret', 'token', 'credential', 'phrase', 'psk'],
  [redactListedFlags, 'pass', 'secret', 'token', 'pwd', '-key'],
  ...PHRASE_RULES,
  ...CALL_RULES,
  [redactTables, ...NAMES.flatMap((name) => ['', '`', '*'].map((end) => `${name}${end} |`))],
  [redactDirectives, ...NAMES.flatMap((name) => ['"', "'", ' ', '=', ':'].map((end) => name + end))],
  [redactTableColumns, 'password,', ',password', 'secret,', ',secret', 'token,', ',token', 'key,', '_key\n'],
  [redactPipeTables, ...NAMES.map((name) => `| ${name}`)],
  [redactBlocks, '="""', '= """', ": '''", "= '''", ': |\n', ': >', ' <<', '=<<', ': |-'],
  [
    redactNamedValues,
    'pass',
    'pwd',
    'secret',
    'token',
    'credential',
    'creds',
    'dsn',
    'jwt',
    'otp',
    'mnemonic',
    'phrase',
    'psk',
    'erlang',
    'unseal',
    'contrase',
    'senha',
    'kennwort',
    'wachtwoord',
    'pepper',
    'geheimnis',
    'adgangskode',
    'senord',
    'haslo',
    'heslo',
    'parola',
    'salasana',
    'jelsz',
    'lozinka',
    'passord',
    'pw=',
    'pw:',
    'pw"',
    "pw'",
  ],
  [
    redactNamedValues,
    'webhook',
    'sig=',
    'signature',
    'jsessionid',
    'phpsessid',
    '_auth',
    'authorization',
    '_key',
    '-key',
  ],
  [
    redactNamedValues,
    '.key',
    'key=',
    'key:',
    'key"',
    "key'",
    'key\\',
    'key>',
    'key]',
    'key =',
    'key :',
    'key_id',
    'keyid',
  ],
  [redactNamedValues, '_salt', 'code_verifier', 'samlre', 'assertion', ' key:', ' key='],
  [redactNamedValues, 'sessionid', 'session_id', 'session-id', 'connect.sid'],
  [redactNamedValues, 'connstr', 'connectionstring', 'connection_string', 'connection-string'],
  [redactDecoded, 'base64 -d', 'base64 --d'],
  [redactDescribed, ':\n----'],
  [redactChanges, ' -> "', " -> '", ' => "'],
];

/** What must follow a word so that its rule can apply. The words without a gate are rare. */
const GATES: ReadonlyMap<TextRule, Gate> = new Map([
  [redactUrls, hasUserInfo],
  [redactDirectives, hasDigitBehind],
  [redactNamedValues, canHaveValue],
  [redactSpacedValues, canHaveValue],
  [redactListedFlags, endsArgument],
  [redactBlocks, followsName],
  [redactUserList, beginsLine],
]);
/** Words that are separate from the last one of their names: `unseal key 1`. */
const UNGATED = new Set([':thin:', 'unseal', 'seed', 'mot de passe']);

/** The rules of a word. */
export interface TextHit {
  text: readonly TextRule[];
}

/** The words, each as a keyword of its rules with the same gate. */
export const TEXT_KEYWORDS: readonly Keyword<TextHit>[] = Array.from(
  new Set(TEXT_RULES.flatMap(([, ...words]) => words)),
).flatMap((literal) => {
  const rules = TEXT_RULES.filter(([, ...words]) => words.includes(literal)).map(([rule]) => rule);
  const gateOf = (rule: TextRule): Gate | undefined => (UNGATED.has(literal) ? undefined : GATES.get(rule));
  return Array.from(new Set(rules.map(gateOf)), (gate): Keyword<TextHit> => {
    const text = rules.filter((rule) => gateOf(rule) === gate);
    return { literal, ignoreCase: true, byLine: true, rule: { text }, ...(gate && { gate }) };
  });
});

const ORDER = new Map(TEXT_RULES.map(([rule], index) => [rule, index]));

/** Returns the rules of words, each once, in the order in which they are applied. */
export function inOrder(hits: readonly TextHit[]): TextRule[] {
  return Array.from(new Set(hits.flatMap(({ text }) => text))).toSorted(
    (a, b) => (ORDER.get(a) ?? 0) - (ORDER.get(b) ?? 0),
  );
}
