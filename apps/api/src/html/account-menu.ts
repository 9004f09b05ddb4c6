import type { FastifyRequest } from 'fastify';
import { html, type Renderable } from './html.ts';

/** Returns who is signed in, with what concerns the account; nothing on a page that is open. */
export function accountMenu({ principal }: FastifyRequest): Renderable {
  return (
    principal &&
    html`<p class="account"><span class="who">${principal.name}</span> <span class="role">${principal.role}</span></p>`
  );
}
