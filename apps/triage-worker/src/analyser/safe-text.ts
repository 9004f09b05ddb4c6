import { shellWord } from '../evidence/kubectl-command.ts';

const MAX_INLINE = 300;
const MAX_LINE = 1_200;
const MAX_QUOTE = 4000;
/** Of a text, in characters: whatever is shown of it is shorter. */
const MOST_READ = 20_000;

// Terminal escape sequences; then every control and format character (C0, C1, bidirectional overrides, zero width).
// oxlint-disable-next-line no-control-regex
const ESCAPE_SEQUENCES = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[@-Z\\-_])/g;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from the cluster as one line of printable characters, at most 300 long. */
export function oneLine(text: string, max = MAX_INLINE): string {
  const line = text
    .slice(0, MOST_READ)
    .replaceAll(ESCAPE_SEQUENCES, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(UNPRINTABLE, '')
    .trim();
  return shorten(line, max);
}

/** Text from the cluster inside a sentence: a code span that it cannot leave. */
export function code(text: string, max = MAX_INLINE): string {
  const line = oneLine(text, max);
  if (line === '') return '(empty)';
  const fence = '`'.repeat(longestRun(line) + 1);
  const pad = /^`|`$/.test(line) ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A command as a code span; what is put into it stays one word of a shell each. */
export function show(parts: TemplateStringsArray, ...words: string[]): string {
  return code(String.raw({ raw: parts }, ...words.map(shellWord)), 500);
}

/** Text from the cluster in a heading: Markdown and HTML in it have no effect. */
export function plain(text: string): string {
  return oneLine(text, 150).replaceAll(/[\\`*_[\]<>|~#!]/g, String.raw`\$&`);
}

/** Text from the cluster as a fenced block that it cannot leave: bounded, without control characters. */
export function fenced(text: string): string {
  const lines = text
    .slice(0, MOST_READ)
    .replaceAll(ESCAPE_SEQUENCES, '')
    .split(/\r?\n/)
    .map((line) => shorten(line.replaceAll('\t', '    ').replaceAll(UNPRINTABLE, ''), MAX_LINE));
  const body = shorten(lines.join('\n').trimEnd(), MAX_QUOTE);
  const fence = '`'.repeat(Math.max(3, longestRun(body) + 1));
  return `${fence}text\n${body}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).trimEnd()}…`;
}
