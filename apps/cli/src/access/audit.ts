import type { AuditEntry } from '@nightcrier/core/access/audit-entry';
import type { ApiClient } from '../api-client.ts';
import { type ListColumn, type ListFormat, printList } from '../lists/print-list.ts';

const COLUMNS: ListColumn<AuditEntry>[] = [
  { head: 'time', text: ({ at }) => `${at.slice(0, 19)}Z` },
  { head: 'by', text: ({ by }) => by, least: 8 },
  { head: 'change', text: ({ action }) => action },
  { head: 'of', text: ({ subject }) => subject, least: 12 },
  { head: 'details', text: ({ details }) => entriesOf(details), least: 8 },
];

/** `nightcrier audit`: prints who changed what, the latest first. */
export async function listAudit(api: ApiClient, limit: number, format: ListFormat): Promise<void> {
  printList(await api.audit(limit), COLUMNS, { format, none: 'no changes' });
}

function entriesOf(details: Record<string, string>): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}
