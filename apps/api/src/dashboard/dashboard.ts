import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../api-context.ts';
import { failureBody } from '@nightcrier/runtime/http/failure-body';
import { HttpError } from '@nightcrier/runtime/http/http-error';
import { assertRedisAnswers, failureOf } from '../errors/error-handling.ts';
import { html } from '../html/html.ts';
import { link } from '../html/link.ts';
import { page, sendHtml } from '../html/page.ts';
import { acceptForms } from './forms/form-body.ts';
import { nowPage } from './now/now-page.ts';
import { clustersPage } from './clusters/clusters-page.ts';
import { queuePage } from './queue/queue-page.ts';
import { routesPage } from './routes/routes-page.ts';
import { settingsPage } from './settings/settings-page.ts';
import { silencesPage } from './silences/silences-page.ts';
import { evidenceRoute } from './problem/evidence-route.ts';
import { problemPage } from './problem/problem-page.ts';
import { problemForms } from './problems/problem-forms.ts';
import { problemsPage } from './problems/problems-page.ts';

/** The pages for browsers. What a form of them changes, a route of the API changes the same way. */
export function dashboard(app: FastifyInstance, context: ApiContext): void {
  acceptForms(app);
  showErrors(app, context);
  app.addHook('preHandler', async () => assertRedisAnswers(context.redis));
  nowPage(app, context);
  problemsPage(app, context);
  problemForms(app, context);
  problemPage(app, context);
  evidenceRoute(app, context);
  clustersPage(app, context);
  queuePage(app, context);
  silencesPage(app, context);
  routesPage(app, context);
  settingsPage(app, context);
}

/** Shows failures as pages. What concerns the credentials is answered as everywhere. */
function showErrors(app: FastifyInstance, context: ApiContext): void {
  app.setErrorHandler(async (thrown, request, reply) => {
    if (thrown instanceof HttpError && !request.principal) throw thrown;
    const error = await failureOf(thrown, request, context);
    const { status, title, detail } = failureBody(error);
    const body = html`<p class="notice bad" role="alert">${detail}</p><p><a href="${link(request, '/')}">What fires now</a></p>`;
    return sendHtml(reply.status(status), page(request, { title, section: '/', body }));
  });
}
