import { REDACTED } from '../redacted.ts';
import { canBeSecret, isSecretName, isWholeName, SECRET_NAME } from '../secret-names.ts';

const HEADER = /^[A-Za-z][\w -]{0,40}(?:,[A-Za-z][\w -]{0,40}){1,30}\r?$/;

/** `| user | password |`, and the line below it. */
const PIPE_HEADER = /^[ \t]{0,20}\|?[^|\n]{1,60}(?:\|[^|\n]{0,60}){1,30}$/;
const PIPE_RULE = /^[ \t]{0,20}(?=[^\n]{0,300}-{3})[|:+ -]{3,1000}\r?(?:\n|$)/;

/**
 * Returns whether a line is the first one of a table: with commas between its columns, or of Markdown and of SQL clients.
 * @param below what follows the line
 */
export function isTableHeader(line: string, below = ''): boolean {
  return line.length <= 1_000 && (HEADER.test(line) || (PIPE_RULE.test(below) && PIPE_HEADER.test(line)));
}

function namesOfSecrets(header: string): number[] {
  return header.split(',').flatMap((name, index) => (isSecretName(name.trim()) ? index : []));
}

/** Redacts the columns of a table with commas (CSV) whose names are those of secrets. */
export function redactTableColumns(text: string): string {
  let secrets: number[] = [];
  let columns = 0;
  const lines = text.split('\n').map((line) => {
    const named = isTableHeader(line) ? namesOfSecrets(line) : [];
    if (named.length > 0) {
      secrets = named;
      columns = line.split(',').length;
      return line;
    }
    const fields = line.split(',');
    if (secrets.length === 0 || fields.length !== columns) {
      secrets = [];
      return line;
    }
    return fields
      .map((field, index) =>
        secrets.includes(index) && canBeSecret('password', field.trim(), true)
          ? field.replace(/^(["']?)[^"'\r]{1,2000}(["']?\r?)$/, `$1${REDACTED}$2`)
          : field,
      )
      .join(',');
  });
  return lines.join('\n');
}

/** Redacts the columns of a table of Markdown or of an SQL client whose names are those of secrets. */
export function redactPipeTables(text: string): string {
  let secrets: number[] = [];
  const lines = text.split('\n');
  return lines
    .map((line, at) => {
      if (!line.includes('|')) secrets = [];
      else if (isTableHeader(line, lines[at + 1]))
        secrets = line.split('|').flatMap((name, index) => (isSecretName(name.trim()) ? index : []));
      else if (secrets.length > 0)
        return line
          .split('|')
          .map((field, index) =>
            secrets.includes(index) && canBeSecret('password', field.trim(), true) && !/^[\s|:+-]*$/.test(field)
              ? field.replace(/\S(?:.*\S)?/, REDACTED)
              : field,
          )
          .join('|');
      return line;
    })
    .join('\n');
}

/** `password: |`, `password: >-`, `password = <<EOT` at the end of a line. */
const BLOCK = new RegExp(
  `(${SECRET_NAME})["']?[ \\t]{0,4}[:=][ \\t]{0,4}(?:[&!][\\w!./-]{0,60}[ \\t]{1,4}){0,2}(?:[|>][-+\\d]{0,2}|<<[-~]?["']?(?<end>\\w{1,20})["']?|(?<quotes>"""|'''))[ \\t]{0,8}\\r?\\n`,
  'gi',
);
/** What is longer is no secret. */
const LONGEST_BLOCK = 50;

/** Redacts block scalars of YAML and here-documents with the name of a secret. */
export function redactBlocks(text: string): string {
  let redacted = '';
  let position = 0;
  for (const match of text.matchAll(BLOCK)) {
    const [whole, word = ''] = match;
    const before = text.slice(Math.max(0, match.index - 80), match.index);
    const start = match.index + whole.length;
    if (start < position || !isWholeName(word, before)) continue;
    const column = indentation(text, text.lastIndexOf('\n', match.index) + 1);
    const end = endOfBlock(text, start, column, match.groups?.end ?? match.groups?.quotes);
    const block = text.slice(start, end);
    if (!canBeSecret(word, block.trim(), true)) continue;
    const indent = block.length - block.trimStart().length;
    redacted += text.slice(position, start + indent) + REDACTED;
    position = start + block.trimEnd().length;
  }
  return position === 0 ? text : redacted + text.slice(position);
}

/** @param terminator of a here-document; without it, the block ends where the indentation does */
function endOfBlock(text: string, from: number, column: number, terminator: string | undefined): number {
  let at = from;
  for (let line = 0; line < LONGEST_BLOCK && at < text.length; line += 1) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline + 1;
    const content = text.slice(at, end).trim();
    if (terminator === undefined ? content !== '' && indentation(text, at) <= column : content === terminator) break;
    at = end;
  }
  return at;
}

function indentation(text: string, start: number): number {
  let at = start;
  while (text.charAt(at) === ' ' && at < start + 200) at += 1;
  return at - start;
}
