import type { FastifyInstance } from 'fastify';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { html } from '../../html/html.ts';
import { page, sendHtml } from '../../html/page.ts';

/** `GET /`: what fires, what is not watched, and what Nightcrier does about it. */
export function nowPage(app: FastifyInstance, { problems }: ApiContext): void {
  app.get('/', READS, async (request, reply) => {
    const firing = await problems.countFiring();
    const rows = firing.map(
      ({ cluster, severity, count }) =>
        html`<tr><th scope="row">${cluster}</th><td><span class="mark ${severity}">${severity}</span></td><td class="number">${count}</td></tr>`,
    );
    const body = html`<section class="panel"><h2>Firing problems</h2><table><tbody>${rows}</tbody></table></section>`;
    return sendHtml(reply, page(request, { title: 'Now', section: '/', body }));
  });
}
