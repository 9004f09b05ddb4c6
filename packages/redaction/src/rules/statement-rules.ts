import { REDACTED } from '../redacted.ts';
import { canBeSecret, isSecretName } from '../secret-names.ts';

/** A string of SQL with spaces or quotes in it. */
const SQL_STRINGS = [
  /(\b(?:(?:identified|IDENTIFIED) (?:by|BY)|PASSWORD|PSK)(?: =)?[ \t]{1,4}[EN]?')((?:[^'\\\n]|\\[^\n]|'')(?:[^'\\\n]|\\[^\n]|''){0,300})(?='(?!'))/g,
  /(\b(?:(?:identified|IDENTIFIED) (?:by|BY)|PASSWORD|PSK)(?: =)?[ \t]{1,4}")([^"\\\n]{1,300})(?="(?!"))/g,
  // Also of other programs: `nmcli`, `fetchmail`. A word such as "for" makes it prose.
  /(\bpassword[ \t]{1,4}(["']))(?=[^"'\n]{0,100} )(?=[^"'\n]{0,100}\d)(?![^"'\n]{0,100}\b(?:for|of|is|the|in|and|or|at|to)\b)([^"'\n]{4,200})(?=\2)/g,
  // An error of MySQL has the statement in quotes.
  /(\bnear '[^\n]{0,80}\b(?:by|BY|PASSWORD) ')([^\s']{1,200})(?='')/g,
];

/** Redacts passwords in statements of SQL. */
export function redactStatements(text: string): string {
  let rest = text;
  for (const pattern of SQL_STRINGS)
    rest = rest.replace(pattern, (whole: string, before: string, ...groups: unknown[]) => {
      const value = groups.slice(0, -2).findLast((group) => typeof group === 'string');
      return typeof value === 'string' && canBeSecret('password', value, true) ? `${before}${REDACTED}` : whole;
    });
  return rest;
}

const INSERT =
  /(\binsert\s{1,4}(?:ignore\s{1,4})?into\s{1,4}[\w."`[\]]{1,120}\s{0,4}\()([^()\n]{1,500})(\)\s{0,4}values\s{0,4})([^\n]{1,8000})/gi;
/** What the place of a value depends on: brackets, commas and strings. */
const PART = /[(),]|'(?:[^'\\]|\\.|''){0,2000}'|"(?:[^"\\]|\\.){0,2000}"/g;

/** Redacts the strings of an `INSERT` in the columns whose names are those of secrets. */
export function redactInserts(text: string): string {
  return text.replace(INSERT, (whole: string, into: string, columns: string, values: string, tuples: string) => {
    const secrets = columns
      .split(',')
      .flatMap((name, index) => (isSecretName(name.replaceAll(/[\s"'`[\]]/g, '')) ? [index] : []));
    if (secrets.length === 0) return whole;
    return into + columns + values + withoutColumns(tuples, secrets);
  });
}

function withoutColumns(rows: string, secrets: readonly number[]): string {
  let [column, depth] = [0, 0];
  return rows.replace(PART, (part) => {
    if (part === '(' && ++depth === 1) column = 0;
    else if (part === ')') depth -= 1;
    else if (part === ',' && depth === 1) column += 1;
    else if (
      part.length > 1 &&
      depth === 1 &&
      secrets.includes(column) &&
      canBeSecret('password', part.slice(1, -1), true)
    )
      return `${part.charAt(0)}${REDACTED}${part.charAt(0)}`;
    return part;
  });
}

const CHPASSWD =
  /(\bchpasswd:[ \t]{0,8}\r?\n(?:[ \t]{1,20}expire:[^\n]{0,20}\n)?[ \t]{1,20}list: ?[|>]?[-+]?[ \t]{0,8}\r?\n)((?:[ \t]{1,40}[\w.-]{1,60}:[^\n]{1,300}(?:\n|$)){1,50})/g;

/** Redacts the passwords of users in a configuration of cloud-init. */
export function redactUserLists(text: string): string {
  return text.replace(
    CHPASSWD,
    (_: string, before: string, users: string) =>
      before +
      users.replaceAll(/^([ \t]{1,40}[\w.-]{1,60}:)([^\r\n]{1,300})/gm, (whole: string, user: string, value: string) =>
        canBeSecret('password', value.trim(), true) ? `${user}${REDACTED}` : whole,
      ),
  );
}
