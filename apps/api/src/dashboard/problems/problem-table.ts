import type { FoundProblem } from '@nightcrier/state/search/problem-search';
import type { FastifyRequest } from 'fastify';
import { type Html, html } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { incidentMark, problemMarks, severityMark } from '../shown/marks.ts';
import { headlineOf, problemPath, subjectOf } from '../shown/problem-text.ts';
import { timeTag } from '../shown/time.ts';

/** Returns the table of problems. @param canChange with a box on each row, which belongs to the form `bulk` */
export function problemTable(request: FastifyRequest, found: readonly FoundProblem[], canChange: boolean): Html {
  const select =
    canChange &&
    html`<th scope="col"><input type="checkbox" form="bulk" data-select-all="" aria-label="Select all on this page"></th>`;
  return html`<div class="scroll"><table class="cards problems">
<thead><tr>${select}<th scope="col">Problem</th><th scope="col">State</th><th scope="col">Severity</th><th scope="col">Investigation</th><th scope="col">Since</th></tr></thead>
<tbody>${found.map((one) => row(request, one, canChange))}</tbody>
</table></div>`;
}

function row(request: FastifyRequest, { problem, latest }: FoundProblem, canChange: boolean): Html {
  const { cluster, key, recurrences } = problem;
  const name = `${cluster} ${key}`;
  const box =
    canChange &&
    html`<td class="box"><input type="checkbox" form="bulk" name="problem" value="${`${cluster}|${key}`}" aria-label="Select ${name}"></td>`;
  return html`<tr id="row-${Buffer.from(name).toString('hex')}">${box}<th scope="row"><a href="${link(request, problemPath(problem))}">${headlineOf(problem, latest)}</a>
<span class="quiet small subject">${cluster !== '-' && html`${cluster} · `}${subjectOf(problem)}${latest?.cause && html` · <code>${latest.cause}</code>`}${recurrences > 0 && ` · received ${recurrences + 1} times`}</span></th>
<td>${problemMarks(problem)}</td><td>${severityMark(problem.severity)}</td>
<td>${latest ? incidentMark(latest.state) : html`<span class="quiet">none</span>`}</td><td data-label="Since">${timeTag(problem.since)}</td></tr>`;
}
