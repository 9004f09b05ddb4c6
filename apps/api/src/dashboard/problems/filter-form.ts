import { SEVERITIES } from '@nightcrier/core/faults/severity';
import { PROBLEM_STATES } from '@nightcrier/core/problems/problem';
import type { FastifyRequest } from 'fastify';
import { flag, type Html, html } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { CAUSE_CODES, type ProblemFilter } from './problem-filter.ts';

/** Returns the form whose fields are kept in the URL. */
export function filterForm(request: FastifyRequest, filter: ProblemFilter): Html {
  const isFiltered = Object.entries(filter).some(([name, value]) => name !== 'cursor' && value !== undefined);
  return html`<form class="panel filter" role="search" method="get" action="${link(request, '/problems')}">
<div class="fields">
<label>State ${select('state', PROBLEM_STATES, filter.state)}</label>
<label>Severity ${select('severity', SEVERITIES, filter.severity)}</label>
<label>Cluster <input name="cluster" value="${filter.cluster}" maxlength="100"></label>
<label>Namespace <input name="namespace" value="${filter.namespace}" maxlength="253"></label>
<label>Cause <input name="cause" value="${filter.cause}" list="causes" maxlength="100"></label>
<label class="wide">Labels <input name="labels" value="${filter.labels}" placeholder="team=&quot;payments&quot;" maxlength="2000"></label>
<label class="wide">Text <input type="search" name="q" value="${filter.q}" maxlength="200"></label>
<button class="main">Filter</button>
${isFiltered && html`<a class="button" href="${link(request, '/problems')}">Clear</a>`}
</div>
<datalist id="causes">${CAUSE_CODES.map((code) => html`<option value="${code}"></option>`)}</datalist>
</form>`;
}

function select(name: string, values: readonly string[], chosen: string | undefined): Html {
  const options = values.map((value) => html`<option ${flag('selected', value === chosen)}>${value}</option>`);
  return html`<select name="${name}"><option value="">any</option>${options}</select>`;
}
