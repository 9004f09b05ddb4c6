import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import { describeExcess, isReadOnly } from '@nightcrier/core/permissions/cluster-permissions';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { flag, type Html, html, type Renderable } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { page, sendHtml } from '../../html/page.ts';
import { parseFields } from '../forms/parse-fields.ts';
import { shareWhileRunning } from '../../shared-result.ts';
import { liveRegion, liveStream } from '../live.ts';
import { clusterMark, mark } from '../shown/marks.ts';
import { ageText } from '../../html/files/age.js';
import { timeTag } from '../shown/time.ts';
import { missingPermissions } from './rbac-rules.ts';

const PAGE_SIZE = 50;
const Query = z.object({
  q: z.string().trim().max(100).default(''),
  show: z.preprocess((value) => (value === '' ? undefined : value), z.enum(['unwatched', 'permissions']).optional()),
  /** Name of the last cluster of the page before. */
  after: z.string().max(100).optional(),
});
type Query = z.infer<typeof Query>;

/** `GET /clusters`: how each cluster is watched. Those that are not come first. */
export function clustersPage(app: FastifyInstance, { health, clusters }: ApiContext): void {
  const read = shareWhileRunning(async () => (await health.read(clusters())).toSorted(byNeed));
  app.get('/clusters', READS, async (request, reply) => {
    const query = parseFields(Query, request.query);
    const all = await read();
    const wanted = all.filter((cluster) => isWanted(cluster, query));
    const from = query.after === undefined ? 0 : wanted.findIndex(({ name }) => name === query.after) + 1;
    const shown = wanted.slice(from, from + PAGE_SIZE);
    const isMore = wanted.length > from + PAGE_SIZE;
    const list = html`<p class="quiet" role="status">${wanted.length} of ${all.length} clusters</p>${shown.map(clusterPanel)}
${isMore && html`<p class="paging"><a class="button" rel="next" href="${link(request, '/clusters')}?${nextQuery(query, shown)}">Next page</a></p>`}`;
    const body = html`${filterForm(request, query)}${liveRegion(request, 'clusters', list)}${liveStream(request)}`;
    return sendHtml(reply, page(request, { title: 'Clusters', section: '/clusters', body }));
  });
}

function nextQuery({ q, show }: Query, shown: readonly ClusterHealth[]): string {
  return new URLSearchParams({ q, ...(show && { show }), after: shown.at(-1)?.name ?? '' }).toString();
}

function isWanted(cluster: ClusterHealth, { q, show }: Query): boolean {
  if (!cluster.name.toLowerCase().includes(q.toLowerCase())) return false;
  if (show === 'unwatched') return need(cluster) > 0;
  return (
    show === undefined || (cluster.permissions !== undefined && missingPermissions(cluster.permissions).length > 0)
  );
}

function need({ status, degraded }: ClusterHealth): number {
  if (status !== 'active') return 2;
  return degraded === undefined ? 0 : 1;
}

function byNeed(one: ClusterHealth, other: ClusterHealth): number {
  return need(other) - need(one) || one.name.localeCompare(other.name);
}

function filterForm(request: FastifyRequest, { q, show }: Query): Html {
  return html`<form class="panel filter" role="search" method="get" action="${link(request, '/clusters')}"><div class="fields">
<label class="wide">Name <input type="search" name="q" value="${q}" maxlength="100"></label>
<label>Show <select name="show"><option value="">all</option><option value="unwatched" ${flag('selected', show === 'unwatched')}>not watched, or in part</option><option value="permissions" ${flag('selected', show === 'permissions')}>missing permissions</option></select></label>
<button class="main">Filter</button></div></form>`;
}

function clusterPanel(cluster: ClusterHealth): Html {
  const { name, status, degraded, error, retry_in: retry, owner, mode, labels = {}, triage_enabled: triage } = cluster;
  const facts: [string, Renderable][] = [
    ['Error', error && `${error}${retry === undefined ? '' : `; next attempt in ${retry}`}`],
    ['In part', degraded],
    ['Owner', owner ?? 'no ingester'],
    ['Source', mode === 'poll' ? 'polled' : mode === 'subscribe' ? 'subscribed' : undefined],
    ['Last contact', cluster.last_contact === undefined ? 'never' : timeTag(cluster.last_contact)],
    ['Last event', cluster.last_event && timeTag(cluster.last_event)],
    ['Blind', cluster.blind_seconds === undefined ? undefined : ageText(cluster.blind_seconds)],
    ['Investigated', triage ? 'yes' : 'no (triage.enabled)'],
    ['Labels', Object.entries(labels).map(([label, value]) => html`<code>${label}=${value}</code> `)],
    ['Permissions', permissionsOf(cluster)],
  ];
  const shown = facts.filter(
    ([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return html`<section class="panel cluster" id="cluster-${name}"><h2>${name} ${clusterMark(status, degraded !== undefined)}</h2>
<dl class="facts">${shown.map(([fact, value]) => html`<div><dt>${fact}</dt><dd>${value}</dd></div>`)}</dl>${blindKinds(cluster)}</section>`;
}

function permissionsOf({ permissions }: ClusterHealth): Html {
  if (!permissions) return html`<span class="quiet">not checked yet</span>`;
  const missing = missingPermissions(permissions);
  const readOnly = isReadOnly(permissions);
  const state =
    readOnly === undefined
      ? mark('warning', 'not known whether read-only')
      : readOnly
        ? mark('good', 'read-only')
        : mark('critical', 'more than reading');
  const rules = missing.map(({ what, rule }) => html`<li>${what}: <code>${rule}</code></li>`);
  const excess = describeExcess(permissions).map((text) => html`<li>${text}</li>`);
  return html`${state} ${missing.length > 0 && mark('warning', `${missing.length} missing`)}
${rules.length > 0 && html`<p class="small quiet">Rules of a ClusterRole that give what is missing:</p><ul class="plain small">${rules}</ul>`}
${excess.length > 0 && html`<ul class="plain small">${excess}</ul>`}`;
}

function blindKinds({ blind_kinds: kinds = [] }: ClusterHealth): Html | undefined {
  if (kinds.length === 0) return undefined;
  return html`<h3>Kinds that are not seen</h3><ul class="plain">${kinds.map(({ kind, reason, since }) => html`<li><strong>${kind}</strong> since ${timeTag(since)}: ${reason}</li>`)}</ul>`;
}
