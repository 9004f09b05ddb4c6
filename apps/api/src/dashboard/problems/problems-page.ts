import { redactValue } from '@nightcrier/redaction/redact-value';
import { includesRole } from '@nightcrier/core/access/role';
import type { ProblemResults } from '@nightcrier/state/search/problem-search';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { principalOf } from '../../access/protect.ts';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { ApiError } from '../../errors/api-error.ts';
import { type Html, html } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { page, sendHtml } from '../../html/page.ts';
import { parseFields } from '../forms/parse-fields.ts';
import { noticeOf } from '../forms/notice.ts';
import { liveRegion, liveStream } from '../live.ts';
import { bulkForm } from './bulk-form.ts';
import { filterForm } from './filter-form.ts';
import { ProblemFilter, queryOf, queryString } from './problem-filter.ts';
import { problemTable } from './problem-table.ts';

/** `GET /problems`: the list, filtered by the query. */
export function problemsPage(app: FastifyInstance, { problemSearch }: ApiContext): void {
  app.get('/problems', READS, async (request, reply) => {
    const filter = parseFields(ProblemFilter, request.query);
    const results = await problemSearch.find(queryOf(filter)).catch((error: unknown) => {
      if (error instanceof RangeError) throw new ApiError('bad_request', error.message, { cause: error });
      throw error;
    });
    const found = await redactValue(results.found);
    const canChange = includesRole(principalOf(request).role, 'operator');
    const table = html`<section class="panel" aria-label="List">${
      found.length > 0 ? problemTable(request, found, canChange) : html`<p class="quiet">${nothing(results)}</p>`
    }${paging(request, filter, results)}</section>`;
    const body = html`${noticeOf(request.query)}${filterForm(request, filter)}
${canChange && found.length > 0 && bulkForm(request, queryString(filter))}
${liveRegion(request, 'problems', table)}${liveStream(request)}`;
    return sendHtml(reply, page(request, { title: 'Problems', section: '/problems', body }));
  });
}

function nothing({ isPartial }: ProblemResults): string {
  return isPartial ? 'Nothing found so far.' : 'No problems.';
}

function paging(request: FastifyRequest, filter: ProblemFilter, { next, isPartial }: ProblemResults): Html {
  const path = (cursor: string | undefined): string => link(request, `/problems${queryString(filter, { cursor })}`);
  return html`<p class="paging">${filter.cursor !== undefined && html`<a class="button" href="${path(undefined)}">First page</a> `}
${next !== undefined && html`<a class="button" href="${path(next)}" rel="next">${isPartial ? 'Search further' : 'Next page'}</a>`}</p>`;
}
