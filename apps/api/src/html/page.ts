import type { FastifyReply, FastifyRequest } from 'fastify';
import { accountMenu } from './account-menu.ts';
import { assetUrl } from './assets.ts';
import { type Html, html, type Renderable } from './html.ts';
import { link } from './link.ts';

/** Replaces the general policy: pages run the scripts and load the styles of this origin, none of them inline, and nothing else. */
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " +
    "base-uri 'none'; frame-ancestors 'none'",
} as const;

/** The pages that every page links to. */
export const SECTIONS = [
  ['/', 'Now'],
  ['/problems', 'Problems'],
  ['/clusters', 'Clusters'],
  ['/queue', 'Queue'],
  ['/silences', 'Silences'],
  ['/routes', 'Routes'],
  ['/settings', 'Settings'],
] as const;
export type SectionPath = (typeof SECTIONS)[number][0];

export interface PageContent {
  title: string;
  /** The section that the page belongs to. Missing: the page is shown without links, such as the login page. */
  section?: SectionPath;
  /** Whether the page has the `h1` in its own content. Default: its title is the heading. */
  ownHeading?: boolean;
  body: Renderable;
}

/** htmx adds no style element, evaluates no code, and keeps no copy of pages in the browser. */
const HTMX = JSON.stringify({
  includeIndicatorCSS: false,
  extensions: 'sse',
  history: false,
  // An update closes nothing that the reader has opened.
  morphIgnore: ['data-htmx-powered', 'open'],
  // A failed update leaves what the page shows.
  noSwap: [204, 304, '4xx', '5xx'],
  sse: { reconnectMaxDelay: 10_000 },
});

/** Returns a whole page. */
export function page(request: FastifyRequest, { title, section, ownHeading = false, body }: PageContent): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="htmx-config" content="${HTMX}">
<title>${title} · Nightcrier</title>
<link rel="icon" href="${assetUrl(request, 'icon.svg')}">
<link rel="stylesheet" href="${assetUrl(request, 'style.css')}">
<script src="${assetUrl(request, 'htmx.js')}" defer></script>
<script src="${assetUrl(request, 'pages.js')}" type="module"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<a class="brand" href="${link(request, '/')}">Nightcrier</a>
${section && navigation(request, section)}
${accountMenu(request)}
</header>
<main id="main" tabindex="-1">
${ownHeading ? undefined : html`<h1>${title}</h1>`}
${body}
</main>
</body>
</html>
`;
}

/** Sends a page, or a part of one. */
export function sendHtml(reply: FastifyReply, content: Html): FastifyReply {
  return reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(content.toString());
}

function navigation(request: FastifyRequest, section: SectionPath): Html {
  const items = SECTIONS.map(([path, name]) => {
    const current = path === section ? 'page' : 'false';
    return html`<li><a href="${link(request, path)}" aria-current="${current}">${name}</a></li>`;
  });
  return html`<nav aria-label="Main"><ul>${items}</ul></nav>`;
}
