import { type Html, html, type Renderable, trusted } from '../../apps/api/src/html/html.ts';
import { z } from 'zod';

/** The parts of Slack's blocks that the product sends. */
const Inline = z.object({
  type: z.string(),
  text: z.string().default(''),
  url: z.string().optional(),
  style: z.object({ bold: z.boolean(), code: z.boolean(), italic: z.boolean() }).partial().default({}),
});
const Rich = z.object({ type: z.string(), style: z.string().optional(), elements: z.array(z.unknown()) });
const Text = z.object({ text: z.string() });
const Block = z.object({
  type: z.string(),
  text: z.union([Text, z.undefined()]).optional(),
  fields: z.array(Text).optional(),
  elements: z.array(z.unknown()).optional(),
});

const STYLE = `body{margin:0;padding:16px;background:#fff;color:#1d1c1d;font:15px/1.46 Lato,system-ui,sans-serif}
article{width:620px;padding:12px 16px;display:grid;grid-template-columns:36px 1fr;gap:0 10px}
.icon{width:36px;height:36px;border-radius:6px;background:#1f3a5f;color:#fff;font-weight:700;display:grid;place-items:center}
.who b{font-weight:900}.who i{font-style:normal;font-size:10px;background:#ddd;border-radius:2px;padding:1px 3px}
h2{font-size:18px;margin:4px 0}.context{font-size:13px;color:#616061;margin:4px 0}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:6px 16px;margin:8px 0}.fields div{white-space:pre-line}
code{font:12px/1.5 monospace;color:#c01343;background:#f6f6f6;border:1px solid #ddd;border-radius:3px;padding:1px 3px;overflow-wrap:anywhere}
pre{font:12px/1.5 monospace;background:#f6f6f6;border:1px solid #ddd;border-radius:4px;padding:8px;white-space:pre-wrap;margin:4px 0}
p{margin:6px 0}ol,ul{margin:4px 0;padding-left:26px}a{color:#1264a3}.red{color:#d92c20}.orange{color:#e58b00}.green{color:#2a9d4b}`;

const COLOURS = new Map([
  ['🔴', 'red'],
  ['🟠', 'orange'],
  ['🟢', 'green'],
]);

/** Draws a message as Slack would, from its blocks. */
export function slackMessagePage(blocks: readonly unknown[]): Html {
  return html`<!doctype html><meta charset="utf-8">${trusted(`<style>${STYLE}</style>`)}<article><div class="icon">N</div><div><div class="who"><b>Nightcrier</b> <i>APP</i></div>${blocks.map(drawn)}</div></article>`;
}

function drawn(block: unknown): Renderable {
  const { type, text, fields, elements = [] } = Block.parse(block);
  switch (type) {
    case 'header':
      return html`<h2>${titleOf(text?.text ?? '')}</h2>`;
    case 'context':
      return html`<div class="context">${elements.map((one) => contextText(Text.parse(one).text))}</div>`;
    case 'section':
      return fields
        ? html`<div class="fields">${fields.map((one) => html`<div>${one.text}</div>`)}</div>`
        : html`<p>${text?.text}</p>`;
    case 'rich_text':
      return elements.map(rich);
    default:
      throw new Error(`a block of the type ${JSON.stringify(type)} is not drawn yet`);
  }
}

/** The circle that begins a title is drawn: few machines have a font with it. */
function titleOf(text: string): Renderable {
  const [, circle, title] = /^(\p{Extended_Pictographic})\s*(.*)$/su.exec(text) ?? [];
  const colour = COLOURS.get(circle ?? '');
  return colour === undefined ? text : html`<span class="${colour}">●</span> ${title}`;
}

/** A link as `<URL|text>`, or plain text. */
function contextText(text: string): Renderable {
  const [, url, label] = /^<([^|>]+)\|([^>]+)>$/.exec(text) ?? [];
  return url === undefined ? text : html`<a href="${url}">${label}</a>`;
}

function rich(element: unknown): Html {
  const { type, style, elements } = Rich.parse(element);
  if (type === 'rich_text_list') {
    const items = elements.map((one) => html`<li>${Rich.parse(one).elements.map(inline)}</li>`);
    return style === 'ordered' ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
  }
  if (type === 'rich_text_preformatted') return html`<pre>${elements.map(inline)}</pre>`;
  return html`<p>${elements.map(inline)}</p>`;
}

function inline(element: unknown): Html {
  const { type, text, url, style } = Inline.parse(element);
  const shown = type === 'link' ? html`<a href="${url}">${text || url}</a>` : html`${text}`;
  const coded = style.code ? html`<code>${shown}</code>` : shown;
  return style.bold ? html`<b>${coded}</b>` : coded;
}
