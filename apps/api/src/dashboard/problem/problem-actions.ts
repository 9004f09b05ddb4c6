import type { FastifyRequest } from 'fastify';
import { type Html, html } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { durationField } from '../problems/bulk-form.ts';
import { problemPath, subjectOf } from '../shown/problem-text.ts';
import type { ProblemData } from './problem-data.ts';

/** Returns the forms of a problem. Each opens its fields first, which is the confirmation. */
export function problemActions(request: FastifyRequest, { problem }: ProblemData): Html {
  const form = (action: string, content: Html): Html =>
    html`<form method="post" action="${link(request, problemPath(problem))}/${action}">${content}</form>`;
  const acknowledge = problem.acknowledged
    ? html`<details><summary>Give back…</summary>${form('unacknowledge', html`<p>Removes the acknowledgement by ${problem.acknowledged.by}.</p><button class="main">Remove acknowledgement</button>`)}</details>`
    : html`<details><summary>Acknowledge…</summary>${form('acknowledge', html`<label>Comment <input name="comment" maxlength="500"></label><p><button class="main">Acknowledge</button></p>`)}</details>`;
  const silence = html`<details><summary>Silence…</summary>${form(
    'silence',
    html`<p>Silences all problems of ${subjectOf(problem)} in ${problem.cluster}: they are counted and listed, and neither investigated nor notified.</p>
<div class="fields">${durationField()}<label class="wide">Why <input name="comment" maxlength="500" required></label></div><p><button class="main">Silence</button></p>`,
  )}</details>`;
  const again =
    problem.component === undefined &&
    html`<details><summary>Investigate again…</summary>${form('investigate', html`<p>Queues a new investigation, which costs what an investigation costs.</p><button class="main">Investigate again</button>`)}</details>`;
  return html`<div class="actions">${problem.state !== 'closed' && acknowledge}${silence}${again}</div>`;
}
