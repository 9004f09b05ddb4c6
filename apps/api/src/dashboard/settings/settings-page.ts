import { valueAt } from '@nightcrier/core/settings/setting-value';
import { type Setting, SETTINGS } from '@nightcrier/core/settings/setting-list';
import { formatSeconds } from '@nightcrier/core/settings/config-fields';
import { originOf } from '@nightcrier/runtime/configuration/setting-origins';
import { Secret } from '@nightcrier/core/settings/secret';
import type { Config } from '@nightcrier/core/settings/config';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import type { FastifyInstance } from 'fastify';
import { READS } from '../../access/route-roles.ts';
import type { ApiContext } from '../../api-context.ts';
import { ApiError } from '../../errors/api-error.ts';
import { type Html, html } from '../../html/html.ts';
import { page, sendHtml } from '../../html/page.ts';
import { mark } from '../shown/marks.ts';

/** `GET /settings`: the values that this process uses, and where each comes from. Secrets are never shown. */
export function settingsPage(app: FastifyInstance, { config, refused }: ApiContext): void {
  app.get('/settings', READS, async (request, reply) => {
    const current = config();
    if (!current) throw new ApiError('not_found', 'the API was started without a configuration');
    const sections = Map.groupBy(SETTINGS, ({ section }) => section);
    const refusals = (await refused()).map(
      ({ process, error, problems }) =>
        html`<div class="notice bad" role="alert"><p><strong>${process}</strong> refuses a changed configuration: ${error}</p><ul>${problems.map((one) => html`<li>${one}</li>`)}</ul></div>`,
    );
    const panels = [...sections].map(
      ([heading, settings]) =>
        html`<section class="panel"><h2>${heading}</h2><table class="cards settings"><thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th></tr></thead><tbody>${settings.map((one) => row(current, one, originOf(one.name)))}</tbody></table></section>`,
    );
    const body = html`<p class="quiet">What the API uses now. ${current.clusters.length} clusters are configured. Changes of the file take effect at once; those marked <em>restart</em> need one.</p>${refusals}${panels}`;
    return sendHtml(reply, page(request, { title: 'Settings', section: '/settings', body }));
  });
}

function row(config: Config, setting: Setting, origin: string | undefined): Html {
  const { name, description, live, meta } = setting;
  const isSecret = meta.secret === true || meta.sensitive === true;
  const value = valueAt(config, setting.path);
  return html`<tr><th scope="row"><code>${name}</code> ${!live && mark('plain', 'restart')}<br><span class="quiet small">${description}</span></th>
<td data-label="Value">${shown(value, isSecret, meta.value === 'duration')}</td><td data-label="From">${origin ?? (value === undefined ? 'not set' : 'default')}</td></tr>`;
}

function shown(value: unknown, isSecret: boolean, isDuration: boolean): Html {
  if (value === undefined) return html`<span class="quiet">not set</span>`;
  if (isSecret || value instanceof Secret) return html`<span class="quiet">set, hidden</span>`;
  if (isDuration && typeof value === 'number') return html`<code>${formatSeconds(value)}</code>`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return html`<code>${hideSecrets(text === '' ? '""' : text)}</code>`;
}
