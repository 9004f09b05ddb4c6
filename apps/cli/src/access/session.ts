import type { Session } from '@nightcrier/core/access/session';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { ApiClient } from '../api-client.ts';
import { type ListColumn, type ListFormat, printList } from '../lists/print-list.ts';

const COLUMNS: ListColumn<Session>[] = [
  { head: 'id', text: ({ id }) => id },
  { head: 'name', text: ({ name }) => name, least: 10 },
  { head: 'login', text: ({ method }) => method },
  { head: 'since', text: ({ created_at: at }) => `${at.slice(0, 16)}Z` },
  { head: 'ends', text: ({ ends_at: at }) => `${at.slice(0, 16)}Z` },
];

/** `nightcrier session list`. */
export async function listSessions(api: ApiClient, format: ListFormat): Promise<void> {
  printList(await api.sessions(), COLUMNS, { format, none: 'no sessions' });
}

/** `nightcrier session revoke SESSION`. */
export async function revokeSessions(api: ApiClient, idOrName: string): Promise<void> {
  for (const { id, name } of await api.revokeSessions(idOrName))
    console.log(escapeControls(`session ${id} (${name}) revoked`));
}
