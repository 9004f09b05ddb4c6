import type { RichTextBlock, RichTextElement, RichTextBlockElement } from '@slack/types';
import { type Token, type Tokens, Lexer } from 'marked';
import { printable } from './slack-text.ts';

type Style = { bold?: true; italic?: true; strike?: true; code?: true };
type TextElement = Extract<RichTextElement, { type: 'text' }>;

/** Characters of a block. Slack documents no limit for rich text; this is that of a section. */
const LONGEST_BLOCK = 3_000;
/** Levels of lists that Slack indents. */
const DEEPEST_LIST = 5;

/**
 * Converts Markdown into rich text of Slack, which shows it as text: it formats, and links and mentions nothing. What cannot be
 * parsed is one paragraph of plain text.
 */
export function richText(markdown: string): RichTextBlock[] {
  const text = printable(markdown);
  let elements: RichTextBlockElement[];
  try {
    elements = new Lexer({ gfm: true }).lex(text).flatMap((token) => blockElements(token));
  } catch {
    // Nested too deeply.
    elements = [section([plain(text)])];
  }
  return inBlocks(elements.filter(isNotEmpty).flatMap(splitLong));
}

/** Returns one line of Markdown as elements of a section. */
export function inlineText(markdown: string): TextElement[] {
  const text = printable(markdown).replaceAll(/\s+/g, ' ').trim();
  try {
    return inline(Lexer.lexInline(text, { gfm: true }), {});
  } catch {
    return [plain(text)];
  }
}

export function plain(text: string, style: Style = {}): TextElement {
  return { type: 'text', text: printable(text), ...(Object.keys(style).length > 0 && { style }) };
}

export function section(elements: TextElement[]): RichTextBlockElement {
  return { type: 'rich_text_section', elements };
}

export function orderedList(items: TextElement[][]): RichTextBlockElement {
  const elements = items.map((item) => ({ type: 'rich_text_section' as const, elements: item }));
  return { type: 'rich_text_list', style: 'ordered', elements };
}

function blockElements(token: Token): RichTextBlockElement[] {
  switch (token.type) {
    case 'heading':
      return [section([...inline(tokensOf(token), { bold: true }), plain('\n')])];
    case 'paragraph':
    case 'text':
      return [section([...inline(tokensOf(token), {}), plain('\n')])];
    case 'list':
      return isList(token) ? listElements(token, 0) : [];
    case 'code':
    case 'table':
      return [preformatted(token.type === 'code' && 'text' in token ? String(token.text) : token.raw.trimEnd())];
    case 'blockquote':
      return [{ type: 'rich_text_quote', elements: inline(tokensOf(token), {}) }];
    case 'space':
    case 'hr':
    case 'def':
      return [];
    default:
      return [section([plain(token.raw)])];
  }
}

function listElements(list: Tokens.List, indent: number): RichTextBlockElement[] {
  const elements: RichTextBlockElement[] = [];
  let items: TextElement[][] = [];
  const flush = (): void => {
    const shown = items.filter((item) => item.length > 0);
    const sections = shown.map((item) => ({ type: 'rich_text_section' as const, elements: item }));
    const style = list.ordered ? ('ordered' as const) : ('bullet' as const);
    if (sections.length > 0) elements.push({ type: 'rich_text_list', style, indent, elements: sections });
    items = [];
  };
  for (const item of list.items) {
    const nested = item.tokens.filter(isList);
    items.push(
      item.tokens.filter((token) => !isList(token)).flatMap((token) => inline(tokensOf(token) ?? [token], {})),
    );
    for (const inner of nested) {
      flush();
      elements.push(...listElements(inner, Math.min(indent + 1, DEEPEST_LIST)));
    }
  }
  flush();
  return elements;
}

function inline(tokens: readonly Token[], style: Style): TextElement[] {
  return tokens.flatMap((token) => inlineElements(token, style)).filter(({ text }) => text !== '');
}

function inlineElements(token: Token, style: Style): TextElement[] {
  switch (token.type) {
    case 'strong':
      return inline(tokensOf(token), { ...style, bold: true });
    case 'em':
      return inline(tokensOf(token), { ...style, italic: true });
    case 'del':
      return inline(tokensOf(token), { ...style, strike: true });
    case 'codespan':
      return [plain('text' in token ? String(token.text) : token.raw, { ...style, code: true })];
    case 'br':
      return [plain('\n')];
    case 'link': {
      const href = 'href' in token ? String(token.href) : '';
      const text = 'text' in token ? String(token.text) : '';
      return [...inline(tokensOf(token), style), ...(href === text ? [] : [plain(` (${href})`, style)])];
    }
    case 'escape':
    case 'text':
      return hasTokens(token)
        ? inline(token.tokens, style)
        : [plain('text' in token ? String(token.text) : token.raw, style)];
    default:
      return hasTokens(token) ? inline(token.tokens, style) : [plain(token.raw, style)];
  }
}

function preformatted(text: string): RichTextBlockElement {
  return { type: 'rich_text_preformatted', elements: [plain(text)] };
}

function tokensOf(token: Token): Token[] {
  return hasTokens(token) ? token.tokens : [{ type: 'text', raw: token.raw, text: token.raw }];
}

function hasTokens(token: Token): token is Token & { tokens: Token[] } {
  return 'tokens' in token && Array.isArray(token.tokens);
}

function isList(token: Token): token is Tokens.List {
  return token.type === 'list';
}

function isNotEmpty(element: RichTextBlockElement): boolean {
  return lengthOf(element) > 0;
}

function lengthOf(element: RichTextBlockElement): number {
  return textsOf(element).reduce((sum, { text }) => sum + text.length, 0);
}

function textsOf(element: RichTextBlockElement): TextElement[] {
  if (element.type === 'rich_text_list') return element.elements.flatMap((item) => textsOf(item));
  const parts: readonly RichTextElement[] = element.elements;
  return parts.filter((part) => part.type === 'text');
}

/** Splits the texts of an element that is too long for a block. */
function splitLong(element: RichTextBlockElement): RichTextBlockElement[] {
  if (lengthOf(element) <= LONGEST_BLOCK) return [element];
  if (element.type === 'rich_text_list') {
    return element.elements.flatMap((item): RichTextBlockElement[] =>
      lengthOf(item) <= LONGEST_BLOCK ? [{ ...element, elements: [item] }] : splitLong(item),
    );
  }
  const pieces = textsOf(element).flatMap((part) => cut(part.text).map((text): TextElement => ({ ...part, text })));
  const groups: TextElement[][] = [];
  let length = Infinity;
  for (const piece of pieces) {
    if (length + piece.text.length > LONGEST_BLOCK) {
      groups.push([]);
      length = 0;
    }
    groups.at(-1)?.push(piece);
    length += piece.text.length;
  }
  return groups.map((elements): RichTextBlockElement => {
    if (element.type === 'rich_text_preformatted') return { ...element, elements };
    return { ...element, elements };
  });
}

/** Cuts between characters. */
function cut(text: string): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > LONGEST_BLOCK) {
    const end = /[\uD800-\uDBFF]$/.test(rest.slice(0, LONGEST_BLOCK)) ? LONGEST_BLOCK - 1 : LONGEST_BLOCK;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...parts, rest];
}

function inBlocks(elements: RichTextBlockElement[]): RichTextBlock[] {
  const blocks: RichTextBlock[] = [];
  let length = Infinity;
  for (const element of elements) {
    const own = lengthOf(element);
    if (length + own > LONGEST_BLOCK) {
      blocks.push({ type: 'rich_text', elements: [] });
      length = 0;
    }
    blocks.at(-1)?.elements.push(element);
    length += own;
  }
  return blocks;
}
