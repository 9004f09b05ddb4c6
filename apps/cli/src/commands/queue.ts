import type { ApiClient } from '../api-client.ts';
import { type ListColumn, type ListFormat, printList } from '../lists/print-list.ts';

const COLUMNS: ListColumn<{ state: string; jobs: number }>[] = [
  { head: 'state', text: ({ state }) => state },
  { head: 'jobs', text: ({ jobs }) => String(jobs), number: true },
];

/** `nightcrier queue`: counts the jobs of the triage queue by state. */
export async function showQueue(api: ApiClient, format: ListFormat): Promise<void> {
  const rows = Object.entries(await api.queue()).map(([state, jobs]) => ({ state, jobs }));
  printList(rows, COLUMNS, { format, none: 'no jobs' });
}
