import type { FastifyRequest } from 'fastify';
import { type Html, html, type Renderable } from './html.ts';
import { link } from './link.ts';

/** Returns who is logged in, with what concerns the account; nothing on a page that is open. */
export function accountMenu(request: FastifyRequest): Renderable {
  const { principal } = request;
  if (!principal) return undefined;
  // Of the others, nothing is remembered.
  const hasSession = principal.kind !== 'anonymous' && principal.kind !== 'proxy';
  return html`<div class="account"><span class="who">${principal.name}</span> <span class="role">${principal.role}</span>
${hasSession && logout(request)}</div>`;
}

function logout(request: FastifyRequest): Html {
  return html`<form method="post" action="${link(request, '/logout')}"><button type="submit">Log out</button></form>`;
}
