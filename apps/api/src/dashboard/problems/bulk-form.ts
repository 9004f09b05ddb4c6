import type { FastifyRequest } from 'fastify';
import { type Html, html } from '../../html/html.ts';
import { link } from '../../html/link.ts';

export const DURATIONS = [
  [3_600, '1 hour'],
  [4 * 3_600, '4 hours'],
  [86_400, '1 day'],
  [7 * 86_400, '1 week'],
] as const;

export function durationField(): Html {
  return html`<label>For <select name="duration">${DURATIONS.map(([seconds, name]) => html`<option value="${seconds}">${name}</option>`)}</select></label>`;
}

/** Returns the form of the problems that are selected in the table. Each action opens its fields first, which is the confirmation. */
export function bulkForm(request: FastifyRequest, back: string): Html {
  const action = link(request, '/problems/selected');
  return html`<form id="bulk" class="actions" method="post" action="${action}">
<input type="hidden" name="back" value="${back}">
<details><summary>Acknowledge selected…</summary>
<label>Comment <input name="acknowledge_comment" maxlength="500"></label>
<p><button class="main" name="action" value="acknowledge">Acknowledge selected problems</button></p></details>
<details><summary>Silence selected…</summary>
<div class="fields">${durationField()}<label class="wide">Why <input name="silence_comment" maxlength="500"></label></div>
<p><button class="main" name="action" value="silence">Silence selected problems</button></p></details>
<details><summary>Investigate selected again…</summary>
<p>Each gets a new investigation, which costs what an investigation costs.</p>
<p><button class="main" name="action" value="investigate">Investigate selected problems again</button></p></details>
</form>`;
}
