import type { ApiClient } from '../api-client.ts';
import { printTable } from '../print-table.ts';

/** `nightcrier audit`: prints who changed what, the latest first. */
export async function listAudit(api: ApiClient, limit: number, output: 'table' | 'json'): Promise<void> {
  const entries = await api.audit(limit);
  if (output === 'json') {
    for (const entry of entries) console.log(JSON.stringify(entry));
    return;
  }
  const rows = entries.map(({ at, by, action, subject, details }) => [
    `${at.slice(0, 19)}Z`,
    by,
    action,
    subject,
    Object.entries(details)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', '),
  ]);
  printTable(['time', 'by', 'change', 'of', 'details'], rows, 'no changes');
}
