import { SEVERITIES } from '@nightcrier/core/faults/severity';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { type Html, html, type Renderable } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { page, sendHtml } from '../../html/page.ts';
import { shareWhileRunning } from '../../shared-result.ts';
import { liveRegion, liveStream } from '../live.ts';
import { problemTable } from '../problems/problem-table.ts';
import { clusterMark, mark } from '../shown/marks.ts';
import { timeTag } from '../shown/time.ts';
import { type ClusterCount, type NowData, readNow } from './now-data.ts';

/** `GET /`: what fires, what is not watched, and what Nightcrier does about it. */
export function nowPage(app: FastifyInstance, context: ApiContext): void {
  const read = shareWhileRunning(() => readNow(context));
  app.get('/', READS, async (request, reply) => {
    const body = html`${liveRegion(request, 'now', content(request, await read()))}${liveStream(request)}`;
    return sendHtml(reply, page(request, { title: 'Now', section: '/', body }));
  });
}

function content(request: FastifyRequest, data: NowData): Html {
  return html`${tiles(request, data)}
<div class="columns"><div>
<section class="panel"><h2>Latest firing problems</h2>${
    data.latest.length > 0
      ? html`${problemTable(request, data.latest, false)}<p class="paging"><a class="button" href="${link(request, '/problems?state=firing')}">All firing problems</a></p>`
      : html`<p>${mark('good', 'nothing is firing')}</p>`
  }</section>
</div><div>
<section class="panel"><h2>Firing by cluster</h2>${byCluster(request, data.firing)}</section>
<section class="panel"><h2>Not watched, or only in part</h2>${unwatched(request, data)}</section>
</div></div>`;
}

function tiles(request: FastifyRequest, data: NowData): Html {
  const { firing, queue, oldestQueued, workers, agents, budget, clusters, unwatched: missing } = data;
  const total = firing.reduce((sum, one) => sum + one.total, 0);
  const watched = clusters - missing.length;
  const limits = [
    budget.limit?.usd !== undefined && `of $${budget.limit.usd.toFixed(2)}`,
    budget.limit?.tokens !== undefined && `of ${budget.limit.tokens.toLocaleString('en-US')} tokens`,
  ].filter((one) => one !== false);
  const shown: [string, Renderable, Renderable][] = [
    ['Firing problems', html`<a href="${link(request, '/problems?state=firing')}">${total}</a>`, severities(firing)],
    [
      'Clusters watched',
      html`<a href="${link(request, '/clusters')}">${watched} of ${clusters}</a>`,
      missing.length > 0 && mark('warning', `${missing.length} not, or in part`),
    ],
    [
      'Agents at work',
      queue.active,
      agents.state === 'degraded'
        ? mark('critical', 'agents degraded')
        : `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    ],
    [
      'Waiting',
      html`<a href="${link(request, '/queue')}">${queue.waiting + queue.delayed}</a>`,
      oldestQueued !== undefined && html`oldest ${timeTag(oldestQueued)}`,
    ],
    [
      'Models today',
      `$${budget.used.usd.toFixed(2)}`,
      [`${budget.used.tokens.toLocaleString('en-US')} tokens`, ...limits].join(', '),
    ],
  ];
  return html`<dl class="tiles" aria-live="polite">${shown.map(([name, value, more]) => html`<div class="tile"><dt>${name}</dt><dd>${value} <small>${more}</small></dd></div>`)}</dl>`;
}

function severities(firing: readonly ClusterCount[]): Html {
  const counts = SEVERITIES.toReversed().map((severity) => {
    const count = firing.reduce((sum, one) => sum + one.bySeverity[severity], 0);
    return count > 0 && html`${mark(severity, `${count} ${severity}`)} `;
  });
  return html`${counts}`;
}

const MOST_SHOWN = 20;

function byCluster(request: FastifyRequest, firing: readonly ClusterCount[]): Html {
  if (firing.length === 0) return html`<p class="quiet">Nothing.</p>`;
  const rows = firing
    .slice(0, MOST_SHOWN)
    .map(
      ({ cluster, bySeverity }) =>
        html`<tr><th scope="row"><a href="${link(request, '/problems?state=firing')}&amp;cluster=${encodeURIComponent(cluster)}">${cluster === '-' ? 'Nightcrier' : cluster}</a></th>${SEVERITIES.toReversed().map((severity) => html`<td class="number">${bySeverity[severity] > 0 ? mark(severity, String(bySeverity[severity])) : html`<span class="quiet">0</span>`}</td>`)}</tr>`,
    );
  const heads = SEVERITIES.toReversed().map((severity) => html`<th scope="col" class="number">${severity}</th>`);
  return html`<table><thead><tr><th scope="col">Cluster</th>${heads}</tr></thead><tbody>${rows}</tbody></table>${rest(firing.length)}`;
}

function unwatched(request: FastifyRequest, { unwatched: missing }: NowData): Html {
  if (missing.length === 0) return html`<p>${mark('good', 'every cluster is watched')}</p>`;
  const rows = missing
    .slice(0, MOST_SHOWN)
    .map(
      ({ name, status, degraded, error, last_contact: contact }) =>
        html`<li><a href="${link(request, '/clusters')}?q=${encodeURIComponent(name)}">${name}</a> ${clusterMark(status, degraded !== undefined)} <span class="quiet small">${error ?? degraded}${contact !== undefined && html` · last contact ${timeTag(contact)}`}</span></li>`,
    );
  return html`<ul class="plain">${rows}</ul>${rest(missing.length)}`;
}

function rest(count: number): Html | undefined {
  return count > MOST_SHOWN ? html`<p class="quiet small">and ${count - MOST_SHOWN} more</p>` : undefined;
}
