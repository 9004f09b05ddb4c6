import { contextsOf, type HoleContext } from './template-context.ts';

/** HTML that is safe to send: made by {@link html}, or declared safe by {@link trusted}. */
export class Html {
  readonly #text: string;

  /** For {@link html} and {@link trusted} only. */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** An attribute without a value that is there or not, such as `selected`. The only value that may stand inside a tag. */
class Flag {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template can contain. Nothing is shown for `undefined`, `null` and `false`. */
export type Renderable = Html | Flag | string | number | undefined | null | false | readonly Renderable[];

const templates = new WeakMap<TemplateStringsArray, HoleContext[]>();

/**
 * Returns the HTML of a template, with each value escaped for the place it stands in: text, or a quoted attribute. A URL that could
 * run code or leads elsewhere than to a page becomes `#`.
 * @throws Error for a value where escaping cannot make it safe: in scripts, styles, comments, tags, and unquoted or event attributes
 */
export function html(strings: TemplateStringsArray, ...values: Renderable[]): Html {
  const contexts = templates.get(strings) ?? contextsOf(strings);
  templates.set(strings, contexts);
  let text = strings[0] ?? '';
  for (const [index, value] of values.entries())
    text += rendered(value, contexts[index] ?? 'text') + (strings[index + 1] ?? '');
  return new Html(text);
}

/** Declares text to be safe HTML. Only for what a sanitizer has returned. */
export function trusted(sanitized: string): Html {
  return new Html(sanitized);
}

/** Returns an attribute such as `checked` for the inside of a tag, or nothing. */
export function flag(name: 'checked' | 'disabled' | 'hidden' | 'open' | 'required' | 'selected', on: boolean): Flag {
  return new Flag(on ? name : '');
}

function rendered(value: Renderable, context: HoleContext): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Flag) {
    if (context !== 'tag') throw new Error(`the attribute ${JSON.stringify(value.text)} stands outside a tag`);
    return value.text;
  }
  if (context === 'tag') throw new Error('only an attribute without a value may be inserted into a tag; see flag()');
  if (value instanceof Html) {
    if (context !== 'text') throw new Error('HTML cannot be inserted into an attribute');
    return value.toString();
  }
  if (typeof value === 'string') return escaped(context === 'url' ? safeUrl(value) : value);
  if (typeof value === 'number') return String(value);
  return value.map((one) => rendered(one, context)).join('');
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A page of this origin, a query or a fragment of this page, or a web page elsewhere. */
function safeUrl(url: string): string {
  return /^(?:https?:\/\/|\/(?![/\\])|[?#]|$)/i.test(url) ? url : '#';
}
