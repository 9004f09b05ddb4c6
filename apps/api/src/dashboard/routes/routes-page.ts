import { SEVERITIES } from '@nightcrier/core/faults/severity';
import { PROBLEM_LABELS } from '@nightcrier/core/matching/problem-labels';
import { receiverTargets } from '@nightcrier/core/routing/receiver-targets';
import { type Destination, destinationsOf, type Route, routeTree } from '@nightcrier/core/routing/route-tree';
import type { Config } from '@nightcrier/core/settings/config';
import { formatSeconds } from '@nightcrier/core/settings/config-fields';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { ApiError } from '../../errors/api-error.ts';
import { flag, type Html, html } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { page, sendHtml } from '../../html/page.ts';
import { parseFields } from '../forms/parse-fields.ts';
import { mark } from '../shown/marks.ts';

const value = z.string().trim().max(253).default('');
const Query = z.object({
  ...Object.fromEntries(PROBLEM_LABELS.map((name) => [name, value])),
  /** Further labels, `team=payments, tier=one`. */
  labels: z.string().trim().max(2_000).default(''),
});

/** `GET /routes`: the routing tree, and where a problem with the labels of the query would be notified. */
export function routesPage(app: FastifyInstance, { config, receiverHealth }: ApiContext): void {
  app.get('/routes', READS, async (request, reply) => {
    const current = config();
    if (!current) throw new ApiError('not_found', 'the API was started without a configuration of routes');
    const given = parseFields(Query, request.query);
    const labels = labelsOf(given, current);
    const found = labels.size > 0 ? destinationsOf(routeTree(current.route), labels) : undefined;
    const failing = new Map(
      [...(await receiverHealth.read())].filter(([, { failing_since: since }]) => since !== undefined),
    );
    const body = html`${tryForm(request, given)}
${found && result(found, labels, current)}
<section class="panel"><h2>Routing tree</h2><ul class="tree">${node(routeTree(current.route))}</ul></section>
<section class="panel"><h2>Receivers</h2>${receiverTargets(current).length === 0 && html`<p class="quiet">The configuration has none.</p>`}<ul class="plain">${receiverTargets(current).map(({ id, receiver, kind }) => html`<li><strong>${receiver}</strong> <code>${id}</code> ${kind} ${failing.has(id) ? mark('critical', 'deliveries fail') : undefined}</li>`)}</ul></section>`;
    return sendHtml(reply, page(request, { title: 'Routes', section: '/routes', body }));
  });
}

/** Returns the labels that were given, and those of the cluster in the configuration. */
function labelsOf(given: Readonly<Record<string, string>>, { clusters }: Config): Map<string, string> {
  const cluster = clusters.find(({ name }) => name === given.cluster);
  const pairs = (given.labels ?? '').split(',').flatMap((text): [string, string][] => {
    const [, name, content] = /^\s*([^=\s]+)\s*=\s*"?(.*?)"?\s*$/.exec(text) ?? [];
    return name === undefined || content === undefined ? [] : [[name, content]];
  });
  return new Map([
    ...Object.entries(cluster?.labels ?? {}),
    ...pairs,
    ...(cluster?.environment === undefined ? [] : ([['environment', cluster.environment]] as const)),
    ...PROBLEM_LABELS.flatMap((name): [string, string][] => (given[name] ? [[name, given[name]]] : [])),
  ]);
}

function tryForm(request: FastifyRequest, given: Readonly<Record<string, string>>): Html {
  const fields = PROBLEM_LABELS.map((name) =>
    name === 'severity'
      ? html`<label>severity <select name="severity"><option value="">any</option>${SEVERITIES.map((one) => html`<option ${flag('selected', one === given.severity)}>${one}</option>`)}</select></label>`
      : html`<label>${name} <input name="${name}" value="${given[name]}" maxlength="253"></label>`,
  );
  return html`<form class="panel" method="get" action="${link(request, '/routes')}"><h2>Try a problem</h2><div class="fields">${fields}
<label class="wide">Further labels <input name="labels" value="${given.labels}" placeholder="team=payments" maxlength="2000"></label><button class="main">Try</button></div>
<p class="quiet small">This sends no notification.</p></form>`;
}

function result(found: readonly Destination[], labels: ReadonlyMap<string, string>, config: Config): Html {
  const targets = receiverTargets(config);
  const rows = found.map(({ receiver, repeatInterval, path }) => {
    const ids = targets.filter((target) => target.receiver === receiver).map(({ id }) => id);
    return html`<tr><th scope="row">${receiver}</th><td data-label="Route"><code>${routeName(path)}</code></td><td data-label="Repeated">${repeatInterval === undefined ? 'never' : `every ${formatSeconds(repeatInterval)}`}</td><td data-label="Targets">${ids.join(', ') || 'none'}</td></tr>`;
  });
  return html`<section class="panel" aria-live="polite"><h2>It would be notified here</h2><p>${[...labels].map(([name, content]) => html`<code>${name}=${JSON.stringify(content)}</code> `)}</p>
<table class="cards"><thead><tr>${['Receiver', 'Route', 'Repeated', 'Targets'].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></section>`;
}

/** `route.routes[0]` */
function routeName(path: Destination['path']): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .slice(1);
}

function node(route: Route): Html {
  const { receiver, matchers, continue: goesOn, repeatInterval, routes } = route;
  return html`<li><code>${matchers.map((one) => one.toString()).join(', ') || 'everything'}</code> → <strong>${receiver}</strong> ${repeatInterval !== undefined && html`<span class="quiet">every ${formatSeconds(repeatInterval)}</span>`} ${goesOn && mark('plain', 'continue')}${routes.length > 0 && html`<ul>${routes.map(node)}</ul>`}</li>`;
}
