import type { FastifyRequest } from 'fastify';
import { type Html, html } from '../html/html.ts';
import { link } from '../html/link.ts';

/**
 * Returns a part of a page that follows the state: pages.js dispatches `changed` when the event stream has something new, and htmx
 * fetches the page again and takes this part of it.
 */
export function liveRegion(request: FastifyRequest, id: string, content: Html): Html {
  const url = request.url.replace(/[?&]done=[^&]*/, '');
  return html`<div id="${id}" class="live" hx-get="${link(request, '/')}${url.slice(1)}" hx-select="#${id}" hx-swap="outerMorph" hx-trigger="changed from:body">${content}</div>`;
}

/** Returns what keeps the event stream open. Once on each live page. */
export function liveStream(request: FastifyRequest): Html {
  return html`<div id="stream" hx-sse:connect="${link(request, '/api/stream')}" hx-trigger="load, reconnect" hidden></div>
<p id="stream-state" class="stream-state quiet small" role="status" hidden>Not connected: the page shows the state of its last update.</p>`;
}
