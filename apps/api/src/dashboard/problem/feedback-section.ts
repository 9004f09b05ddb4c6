import type { FastifyRequest } from 'fastify';
import { type Html, html } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { mark } from '../shown/marks.ts';
import { problemPath } from '../shown/problem-text.ts';
import { timeTag } from '../shown/time.ts';
import type { ProblemData } from './problem-data.ts';

/** Returns what people think of the report, and the form to say so. */
export function feedbackSection(request: FastifyRequest, data: ProblemData, canChange: boolean): Html {
  const { problem, reported, feedback } = data;
  const given = feedback.map(
    ({ by, at, verdict, comment }) =>
      html`<li>${mark(verdict === 'useful' ? 'good' : 'critical', verdict)} <strong>${by}</strong> ${timeTag(at)}${comment && html`<br>${comment}`}</li>`,
  );
  const form =
    canChange &&
    reported &&
    html`<form method="post" action="${link(request, problemPath(problem))}/feedback">
<input type="hidden" name="incident" value="${reported.incident.incident_id}">
<label>Comment <input name="comment" maxlength="500"></label>
<p class="buttons"><button name="verdict" value="useful">Useful</button> <button name="verdict" value="wrong">Wrong</button></p></form>`;
  return html`${form}${given.length > 0 ? html`<ul class="plain">${given}</ul>` : html`<p class="quiet">No feedback yet.</p>`}`;
}
