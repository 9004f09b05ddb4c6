/** A block of Markdown, as far as reading a report needs it. */
export type Block =
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'line'; text: string }
  | { kind: 'code'; language: string; lines: string[] };

/** No report for people has more lines. */
const MOST_LINES = 20_000;

/** A line that is bold as a whole stands for a heading, below all others. */
const BOLD_LEVEL = 7;

const FENCE = /^([ \t>]{0,40})(?:(?:[-*+]|\d{1,9}[.)])[ \t]{1,4})?(`{3,}|~{3,})[ \t]*([\w+-]{0,40})/;
const ATX = /^ {0,3}(#{1,6})[ \t]+(.*)$/;
const BOLD = /^ {0,3}(?:\*\*|__)([^*_]{1,120})(?:\*\*|__):?[ \t]*$/;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;

/**
 * Splits Markdown into headings, lines and code blocks. It reads each line once, so that its time grows with the length of the
 * report, whatever an agent writes into it; a full Markdown parser has patterns that do not.
 */
export function markdownBlocks(markdown: string): Block[] {
  const lines = unwrapped(markdown.split(/\r?\n/, MOST_LINES));
  const blocks: Block[] = [];
  let fence: { mark: string; lead: string; lines: string[] } | undefined;
  for (const line of lines) {
    if (fence) {
      if (closes(line, fence.mark)) fence = undefined;
      else fence.lines.push(withoutLead(line, fence.lead));
      continue;
    }
    const [, lead = '', mark, language = ''] = FENCE.exec(line) ?? [];
    if (mark !== undefined) {
      fence = { mark, lead, lines: [] };
      blocks.push({ kind: 'code', language, lines: fence.lines });
      continue;
    }
    const last = blocks.at(-1);
    const underline = SETEXT.exec(line)?.[1];
    if (underline !== undefined && last?.kind === 'line' && isTitle(last.text)) {
      blocks[blocks.length - 1] = { kind: 'heading', level: underline.startsWith('=') ? 1 : 2, text: last.text.trim() };
      continue;
    }
    blocks.push(headingIn(line) ?? { kind: 'line', text: line });
  }
  return blocks;
}

function headingIn(line: string): Block | undefined {
  const [, marks, text = ''] = ATX.exec(line) ?? [];
  if (marks !== undefined)
    return { kind: 'heading', level: marks.length, text: text.replace(/[ \t]#+[ \t]*$/, '').trim() };
  const bold = BOLD.exec(line)?.[1];
  return bold === undefined || /[.!?]$/.test(bold)
    ? undefined
    : { kind: 'heading', level: BOLD_LEVEL, text: bold.replace(/:$/, '').trim() };
}

/** An underlined line is a title only if it could be one: no list, no table, no quote. */
function isTitle(text: string): boolean {
  return text.trim() !== '' && text.length < 200 && !/^\s*([-*+>|]|\d+[.)])/.test(text);
}

function closes(line: string, mark: string): boolean {
  const trimmed = line.replace(/^[ \t>]+/, '').trimEnd();
  return trimmed.length >= mark.length && trimmed === (mark[0] ?? '').repeat(trimmed.length);
}

/** A line of a code block without what indents or quotes the whole block. */
function withoutLead(line: string, lead: string): string {
  const quotes = lead.split('>').length - 1;
  let rest = line;
  for (let removed = 0; removed < quotes; removed += 1) rest = rest.replace(/^[ \t]{0,3}> ?/, '');
  const indent = quotes > 0 ? 0 : lead.length;
  return rest.slice(Math.min(indent, rest.length - rest.trimStart().length));
}

/** A report that stands in a fence as a whole is the content of the fence. */
function unwrapped(lines: string[]): string[] {
  const first = lines.findIndex((line) => line.trim() !== '');
  const last = lines.findLastIndex((line) => line.trim() !== '');
  const [, , mark, language = ''] = FENCE.exec(lines[first] ?? '') ?? [];
  if (mark === undefined || last <= first || !closes(lines[last] ?? '', mark)) return lines;
  const inner = lines.slice(first + 1, last);
  const isReport = /^(md|markdown)$/i.test(language) || (language === '' && inner.some((line) => ATX.test(line)));
  return isReport ? inner : lines;
}
