import type { FastifyRequest } from 'fastify';
import { type Html, html } from './html.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Has to be sent back as `csrf` in each form. Missing where the client has no session. */
    csrfToken?: string | undefined;
  }
}

/** Returns the hidden field that each form which changes something needs. */
export function csrfField({ csrfToken }: FastifyRequest): Html {
  return html`<input type="hidden" name="csrf" value="${csrfToken}" />`;
}
