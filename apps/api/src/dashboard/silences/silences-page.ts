import { includesRole } from '@nightcrier/core/access/role';
import { NewSilence, type Silence, type SilenceState, silenceState } from '@nightcrier/core/silences/silence';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { authorOf, principalOf } from '../../access/protect.ts';
import { CHANGES, READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { addSilence, expireSilence } from '../../changes/silence-changes.ts';
import { type Html, html } from '../../html/html.ts';
import { link } from '../../html/link.ts';
import { page, sendHtml } from '../../html/page.ts';
import { parseFields } from '../forms/parse-fields.ts';
import { field, formOf, seeOther } from '../forms/form-body.ts';
import { noticeOf } from '../forms/notice.ts';
import { durationField } from '../problems/bulk-form.ts';
import { mark, type Tone } from '../shown/marks.ts';
import { timeTag } from '../shown/time.ts';

/** `/silences`: the list, a form that adds one, and forms that end one. */
export function silencesPage(app: FastifyInstance, context: ApiContext): void {
  app.get('/silences', READS, async (request, reply) => {
    const silences = await context.silences.list();
    const canChange = includesRole(principalOf(request).role, 'operator');
    const windows = context.config()?.maintenance_windows ?? [];
    const body = html`${noticeOf(request.query)}${canChange && addForm(request)}
<section class="panel"><h2>Silences</h2>${silences.length > 0 ? table(request, silences, canChange) : html`<p class="quiet">None, and none that ended within a week.</p>`}</section>
<section class="panel"><h2>Maintenance windows</h2>${
      windows.length > 0
        ? html`<ul class="plain">${windows.map(({ name, matchers, cron, time_zone: zone, duration }) => html`<li><strong>${name}</strong> <code>${matchers}</code> at <code>${cron}</code> (${zone}) for ${duration} s</li>`)}</ul>`
        : html`<p class="quiet">The configuration has none.</p>`
    }</section>`;
    return sendHtml(reply, page(request, { title: 'Silences', section: '/silences', body }));
  });

  app.post('/silences', CHANGES, async (request, reply) => {
    const form = formOf(request);
    const wanted = {
      matchers: field(form, 'matchers') ?? '',
      duration: Number(field(form, 'duration')),
      comment: field(form, 'comment'),
      investigate: field(form, 'investigate') === 'yes',
    };
    await addSilence(context, parseFields(NewSilence, wanted), authorOf(request));
    return seeOther(request, reply, '/silences', 'silenced');
  });

  app.post<{ Params: { id: string } }>('/silences/:id/expire', CHANGES, async (request, reply) => {
    await expireSilence(context, request.params.id, authorOf(request));
    return seeOther(request, reply, '/silences', 'expired');
  });
}

function addForm(request: FastifyRequest): Html {
  return html`<form class="panel" method="post" action="${link(request, '/silences')}"><h2>Add a silence</h2>
<div class="fields"><label class="wide">Matchers <input name="matchers" required maxlength="2000" placeholder="cluster=&quot;prod&quot;, namespace=&quot;shop&quot;"></label>
${durationField()}<label class="wide">Why <input name="comment" required maxlength="500"></label>
<label class="check"><input type="checkbox" name="investigate" value="yes"> investigate all the same</label><button class="main">Add silence</button></div></form>`;
}

const TONES: Record<SilenceState, Tone> = { pending: 'info', active: 'warning', expired: 'neutral' };

function table(request: FastifyRequest, silences: readonly Silence[], canChange: boolean): Html {
  const rows = silences.map((silence) => {
    const { id, matchers, starts_at: start, ends_at: end, comment, created_by: by } = silence;
    const state = silenceState(silence, Date.now());
    const form =
      canChange &&
      state !== 'expired' &&
      html`<details><summary>End…</summary><form method="post" action="${link(request, '/silences')}/${id}/expire"><button class="main">End this silence now</button></form></details>`;
    return html`<tr><th scope="row"><code>${matchers}</code></th><td>${mark(TONES[state], state)}</td><td data-label="Why">${comment}</td><td data-label="By">${by}</td><td data-label="From">${timeTag(start)}</td><td data-label="Until">${timeTag(end)}</td><td>${form}</td></tr>`;
  });
  return html`<div class="scroll"><table class="cards"><thead><tr>${['Matchers', 'State', 'Why', 'By', 'From', 'Until', 'End'].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
