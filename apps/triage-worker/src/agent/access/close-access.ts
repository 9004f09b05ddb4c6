import type { DoorEntry, DoorSummary } from '@nightcrier/core/gateway/door-entry';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TriageContext } from '../../triage-context.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { DOOR_ANSWERS, writeAnswers } from './door-answers.ts';
import { usesGateway } from './reachable-gateways.ts';

/** What a run did through the gateway. */
export interface DoorActivity {
  summary: DoorSummary;
  /** Requests that were denied, of the last 10,000 ones. */
  denied: DoorEntry[];
}

/**
 * Ends the access of a run that has ended: revokes its token, writes what it did through the gateway to `logs/gateway.ndjson`, and
 * adds it to the incident. If Redis is unreachable, the token expires by itself, and the activity is lost.
 * @returns undefined for a run without the gateway, or when Redis does not answer
 */
export async function closeAccess(
  run: { incident_id: string; attempt: number },
  workspace: Workspace,
  { config, access, incidents, logger }: TriageContext,
): Promise<DoorActivity | undefined> {
  if (!usesGateway(config)) return undefined;
  try {
    await access.grants.revoke(run.incident_id, run.attempt);
    const { summary, entries } = await access.doorRecords.read(run);
    if (entries.length === 0) return { summary, denied: [] };
    const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    await writeFile(path.join(workspace.logs, 'gateway.ndjson'), lines, { mode: 0o600 });
    await writeAnswers(path.join(workspace.logs, DOOR_ANSWERS), await access.doorRecords.answers(run));
    await incidents.addDoorCounts(run.incident_id, summary);
    const denied = entries.filter(({ decision }) => decision === 'denied');
    if (denied.length > 0) logger.warn({ requests: denied.length }, 'requests of the agent were denied');
    return { summary, denied };
  } catch (error) {
    logger.warn({ error }, 'activity at the gateway not read');
    return undefined;
  }
}

/** Most denied requests that a report lists. */
const LISTED = 20;

/** Returns the section of a report on requests that the gateway denied; empty if there are none. */
export function deniedRequests({ denied, summary }: DoorActivity): string {
  if (denied.length === 0) return '';
  const lines = denied.slice(0, LISTED).map(({ door, verb, target, reason }) => {
    const shown = `${verb} ${target}`.replaceAll(/[`\s]+/g, ' ').slice(0, 200);
    return `- ${door}: \`${shown}\`: ${reason ?? 'not allowed'}`;
  });
  const all = summary.kube_denied + summary.llm_denied;
  const more = all > lines.length ? `\n\n${all} requests were denied in total.` : '';
  return `\n\n## Denied requests\n\nThe agent asked for what it may not do. Nothing of it was done.\n\n${lines.join('\n')}${more}\n`;
}
