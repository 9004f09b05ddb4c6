import { REDACTED } from '../redacted.ts';
import { canBeSecret } from '../secret-names.ts';

/** "Password" in scripts of their own. The scan for words knows ASCII alone; a text without such characters is not even searched. */
const NAMES = [
  'пароль',
  'Пароль',
  '密码',
  '密碼',
  '口令',
  'パスワード',
  '비밀번호',
  'hasło',
  'Hasło',
  'şifre',
  'κωδικός',
  'mật khẩu',
  'סיסמה',
  'كلمة المرور',
];

const ANY = new RegExp(NAMES.join('|'));
const VALUE = new RegExp(
  `((?:${NAMES.join('|')})["'”」]?(?:是|为|は)?[ \\t]{0,4}(?:[:=：＝][ \\t]{0,4})?["'“「]?)(?<=[:=：＝是为は][ \\t]{0,4}["'“「]?)([^\\s"'”“」「,;，。；&<>]{4,200})`,
  'g',
);

/** Returns whether a text contains one of the words. */
export function namesForeign(text: string): boolean {
  return ANY.test(text);
}

/** Matches that are replaced in a step. */
const MATCHES_OF_STEP = 2_000;

/** Redacts what follows the word for a password in other scripts. Yields between steps. */
export function* redactForeignNames(text: string): Generator<void, string> {
  if (!namesForeign(text)) return text;
  const parts: string[] = [];
  let [position, count] = [0, 0];
  for (const { 0: whole, 1: before = '', 2: value = '', index } of text.matchAll(VALUE)) {
    if (++count % MATCHES_OF_STEP === 0) yield;
    if (!canBeSecret('password', value, true)) continue;
    parts.push(text.slice(position, index), before, REDACTED);
    position = index + whole.length;
  }
  parts.push(text.slice(position));
  return parts.join('');
}
