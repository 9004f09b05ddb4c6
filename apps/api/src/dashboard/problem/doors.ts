import { DoorEntry } from '@nightcrier/core/gateway/door-entry';
import type { Incident } from '@nightcrier/core/incidents/incident';
import type { ApiContext } from '../../api-context.ts';
import { type Html, html } from '../../html/html.ts';
import { mark } from '../shown/marks.ts';
import { clockTag } from '../shown/time.ts';
import { readEvidence } from './evidence-files.ts';

/** What the last run of an agent did through the gateway. */
export interface RunDoors {
  /** The latest last. */
  entries: DoorEntry[];
  /** How many there are, also those that are not shown. */
  total: number;
}

const SHOWN = 200;

/** Returns the requests of the last run: from Redis while they are there, then from the workspace. */
export async function readDoors({ doorRecords, config }: ApiContext, incident: Incident): Promise<RunDoors> {
  const { incident_id, attempts } = incident;
  const { entries } = await doorRecords.read({ incident_id, attempt: Math.max(1, attempts) });
  const all = entries.length > 0 ? entries : await writtenEntries(config()?.workspace_root, incident);
  return { entries: all.slice(-SHOWN), total: all.length };
}

async function writtenEntries(root: string | undefined, incident: Incident): Promise<DoorEntry[]> {
  const text = await readEvidence(root, incident, 'logs/gateway.ndjson');
  return (text ?? '').split('\n').flatMap((line) => {
    try {
      return DoorEntry.safeParse(JSON.parse(line)).data ?? [];
    } catch {
      return [];
    }
  });
}

const TONES = { allowed: 'plain', denied: 'critical', failed: 'warning' } as const;

/** Returns the audit of both entry points of the gateway. */
export function doorsSection(incident: Incident | undefined, doors: RunDoors | undefined): Html {
  const { gateway } = incident ?? {};
  if (!gateway && (doors?.total ?? 0) === 0) return html`<p class="quiet">No request went through the gateway.</p>`;
  const counts =
    gateway &&
    html`<dl class="facts"><dt>Cluster</dt><dd>${gateway.kube_requests} requests, ${gateway.kube_denied} denied</dd>
<dt>Model</dt><dd>${gateway.llm_requests} requests, ${gateway.llm_denied} denied</dd></dl>`;
  if (!doors || doors.total === 0) return html`${counts}`;
  const rows = doors.entries.map(
    ({ time, door, verb, target, decision, reason, status }) =>
      html`<tr><td>${clockTag(time)}</td><td data-label="Door">${door}</td><td data-label="Request"><code>${verb} ${target}</code></td><td>${mark(TONES[decision], decision)} ${status} ${reason && html`<span class="quiet">${reason}</span>`}</td></tr>`,
  );
  return html`${counts}<details><summary>Requests of the last run (${doors.entries.length} of ${doors.total})</summary>
<div class="scroll"><table class="cards"><thead><tr><th scope="col">Time (UTC)</th><th scope="col">Door</th><th scope="col">Request</th><th scope="col">Decision</th></tr></thead><tbody>${rows}</tbody></table></div></details>`;
}
