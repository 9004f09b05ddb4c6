import { auditBooks, BOOK_ENTRIES, type BookPage, QUEUED_STATES, RECEIVED_AS } from '@nightcrier/core/incidents/books';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { type Html, html, type Renderable } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { page, sendHtml } from '../../html/page.ts';
import { shareWhileRunning } from '../../shared-result.ts';
import { queueCounts } from '@nightcrier/state/queue/triage-queue';
import { liveRegion, liveStream } from '../live.ts';
import { mark } from '../shown/marks.ts';
import { timeTag } from '../shown/time.ts';

/** `GET /queue`: how much waits and how long, what was shed, each cluster's share, and the books. */
export function queuePage(
  app: FastifyInstance,
  { redis, keys, intake, incidents, breaker, workersAlive }: ApiContext,
): void {
  const read = shareWhileRunning(async () => {
    const [counts, pages, oldest, agents, workers] = await Promise.all([
      queueCounts(redis, keys),
      intake.read(),
      incidents.oldestQueued(),
      breaker.read(),
      workersAlive(),
    ]);
    return { counts, books: auditBooks(pages), oldest, agents, workers };
  });
  app.get('/queue', READS, async (request, reply) => {
    const { counts, books, oldest, agents, workers } = await read();
    const { total } = books;
    const tiles: [string, Renderable, Renderable][] = [
      ['Waiting', counts.waiting, oldest !== undefined && html`oldest ${timeTag(oldest)}`],
      ['Delayed', counts.delayed, 'retried later, or no free slot of their cluster'],
      [
        'At work',
        counts.active,
        agents.state === 'degraded'
          ? mark('critical', 'agents degraded')
          : `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
      ],
      ['Shed', shedOf(total), 'dropped, rejected or expired, since the installation'],
      ['Books', books.balanced ? mark('good', 'balanced') : mark('critical', 'not balanced'), undefined],
    ];
    const content = html`<dl class="tiles">${tiles.map(([name, value, more]) => html`<div class="tile"><dt>${name}</dt><dd>${value} <small>${more}</small></dd></div>`)}</dl>
<section class="panel"><h2>Clusters</h2>${clusterTable(request, books.clusters)}</section>
<section class="panel"><h2>Books</h2>${bookTable(total)}${books.off.length > 0 && html`<ul>${books.off.map((line) => html`<li>${line}</li>`)}</ul>`}</section>`;
    const body = html`<p><a class="button" href="${link(request, '/queues')}">Jobs in Bull Board</a></p>${liveRegion(request, 'queue', content)}${liveStream(request)}`;
    return sendHtml(reply, page(request, { title: 'Queue', section: '/queue', body }));
  });
}

function shedOf({ dropped, rejected, dropped_incoming: incoming, expired }: BookPage): number {
  return dropped + rejected + incoming + expired;
}

const MOST_CLUSTERS = 50;

/** Returns what each cluster has in the queue, and has had of it: those that wait first. */
function clusterTable(request: FastifyRequest, clusters: Readonly<Record<string, BookPage>>): Html {
  const all = Object.entries(clusters).toSorted(
    ([one, first], [other, second]) =>
      second.waiting + second.active - first.waiting - first.active ||
      second.queued - first.queued ||
      one.localeCompare(other),
  );
  if (all.length === 0) return html`<p class="quiet">No fault was received yet.</p>`;
  const started = all.reduce((sum, [, { finished, active }]) => sum + finished + active, 0);
  const rows = all.slice(0, MOST_CLUSTERS).map(([cluster, counts]) => {
    const share = started === 0 ? 0 : Math.round(((counts.finished + counts.active) / started) * 100);
    return html`<tr><th scope="row"><a href="${link(request, '/problems')}?cluster=${encodeURIComponent(cluster)}">${cluster}</a></th><td class="number" data-label="Received">${counts.received}</td><td class="number" data-label="Waiting">${counts.waiting + counts.delayed}</td><td class="number" data-label="At work">${counts.active}</td><td class="number" data-label="Finished">${counts.finished}</td><td class="number" data-label="Shed">${shedOf(counts)}</td><td class="number" data-label="Share of starts">${share} %</td></tr>`;
  });
  return html`<div class="scroll"><table class="cards"><thead><tr><th scope="col">Cluster</th>${['Received', 'Waiting', 'At work', 'Finished', 'Shed', 'Share of starts'].map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>
${all.length > MOST_CLUSTERS && html`<p class="quiet">and ${all.length - MOST_CLUSTERS} more clusters</p>`}`;
}

function bookTable(total: BookPage): Html {
  const rows = BOOK_ENTRIES.map(
    (entry) => html`<tr><th scope="row">${entry.replaceAll('_', ' ')}</th><td class="number">${total[entry]}</td></tr>`,
  );
  const sum = (entries: readonly string[]): string => entries.map((entry) => entry.replaceAll('_', ' ')).join(' + ');
  return html`<table class="narrow"><thead><tr><th scope="col">Entry</th><th scope="col" class="number">Count</th></tr></thead><tbody>${rows}</tbody></table>
<p class="quiet small">received = ${sum(RECEIVED_AS)}</p><p class="quiet small">queued = ${sum(QUEUED_STATES)}</p>`;
}
