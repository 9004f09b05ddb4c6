import { marked } from 'marked';
import sanitizeHtml from 'sanitize-html';

/** What a report may have in HTML: text with structure. No pictures: to load one would tell its server who reads what. */
const ALLOWED: sanitizeHtml.IOptions = {
  allowedTags:
    'h1 h2 h3 h4 h5 h6 p br hr blockquote ul ol li strong em del code pre table thead tbody tr th td a'.split(' '),
  allowedAttributes: { a: ['href', 'rel'], ol: ['start'], th: ['align'], td: ['align'] },
  allowedSchemes: ['http', 'https'],
  allowedSchemesAppliedToAttributes: ['href'],
  allowProtocolRelative: false,
  transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'noopener noreferrer nofollow' }) },
};

/** Beyond what every response says: the page loads nothing and runs nothing. */
export const REPORT_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

/** A longer report is shown as it is: to parse some texts takes longer with the square of their length. */
const LONGEST_PARSED = 200_000;

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'pre{overflow:auto;padding:.75rem;background:#8881}table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.25rem .5rem}';

/** A report as a page for browsers. Whatever its author wrote, it is text with structure and nothing else. */
export function reportPage(incidentId: string, markdown: string): string {
  const body = render(markdown);
  const title = sanitizeHtml(`Report on incident ${incidentId}`, { allowedTags: [] });
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>\n` +
    `<body>\n${body}\n</body></html>\n`
  );
}

function render(markdown: string): string {
  if (markdown.length > LONGEST_PARSED) return asItIs(markdown);
  try {
    return sanitizeHtml(marked.parse(markdown, { async: false }), ALLOWED);
  } catch {
    // Nested beyond what the parser's stack takes.
    return asItIs(markdown);
  }
}

function asItIs(text: string): string {
  return `<pre>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre>`;
}
