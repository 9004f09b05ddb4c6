import { Marked } from 'marked';
import sanitizeHtml from 'sanitize-html';

/** HTML that a report may contain: structured text. No images, since loading one would reveal the reader to its server. */
const ALLOWED: sanitizeHtml.IOptions = {
  allowedTags:
    'h1 h2 h3 h4 h5 h6 p br hr blockquote ul ol li strong em del code pre table thead tbody tr th td a'.split(' '),
  allowedAttributes: { a: ['href', 'rel'], ol: ['start'], th: ['align'], td: ['align'] },
  allowedSchemes: ['http', 'https'],
  allowedSchemesAppliedToAttributes: ['href'],
  allowProtocolRelative: false,
  transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'noopener noreferrer nofollow' }) },
};

/** Replaces the general policy: the page loads nothing and runs no script. */
export const REPORT_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

/** Characters. A longer report is shown unparsed, because parsing can take time quadratic in the length. */
const LONGEST_PARSED = 40_000;

/** Quotes and lists within each other: the parser reads the rest of the text again for each level. */
const NESTED = /^(?:[ \t]{0,4}(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))[ \t]{0,4}){12}/m;

/**
 * Markdown without links from bare mail addresses: the pattern that looks for them takes time quadratic in the length of a text
 * such as `a.a.a.…@`, minutes for a long report. Bare URLs are still links.
 */
const marked = new Marked({
  tokenizer: {
    url(source) {
      const url = /^https?:\/\/[^\s<>"'`]{1,2000}/.exec(source)?.[0];
      return url === undefined
        ? undefined
        : { type: 'link', raw: url, href: url, text: url, tokens: [{ type: 'text', raw: url, text: url }] };
    },
    inlineText(source) {
      const text = /^[^][^\\<![`*~_h \n]*/.exec(source)?.[0] ?? '';
      return { type: 'text', raw: text, text, escaped: false };
    },
  },
});

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'pre{overflow:auto;padding:.75rem;background:#8881}table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.25rem .5rem}';

/** Renders a report as an HTML page. Everything but structured text is removed. */
export function reportPage(incidentId: string, markdown: string): string {
  const body = renderMarkdown(markdown);
  const title = sanitizeHtml(`Report on incident ${incidentId}`, { allowedTags: [] });
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>\n` +
    `<body>\n${body}\n</body></html>\n`
  );
}

/** Renders Markdown from outside as HTML. Everything but structured text is removed. */
export function renderMarkdown(markdown: string): string {
  if (markdown.length > LONGEST_PARSED || NESTED.test(markdown)) return preformatted(markdown);
  try {
    return sanitizeHtml(marked.parse(markdown, { async: false }), ALLOWED);
  } catch {
    // Nested so deeply that the parser's stack overflows.
    return preformatted(markdown);
  }
}

function preformatted(text: string): string {
  return `<pre>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre>`;
}
