import type { ApiKey, NewApiKey } from '@nightcrier/core/access/api-key';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { ApiClient } from '../api-client.ts';
import { parseDuration } from '../lists/duration.ts';
import { type ListColumn, type ListFormat, printList } from '../lists/print-list.ts';

/** `nightcrier key add NAME`: makes an API key and prints it; nothing else is on stdout, so that a script can take it. */
export async function addKey(
  api: ApiClient,
  {
    name,
    role,
    expires,
    output,
  }: { name: string; role: NewApiKey['role']; expires?: string; output: 'table' | 'json' },
): Promise<void> {
  const made = await api.addApiKey({
    name,
    role,
    ...(expires !== undefined && { expires_in: parseDuration(expires) }),
  });
  if (output === 'json') {
    console.log(escapeControls(JSON.stringify({ ...made.key, secret: made.secret })));
    return;
  }
  console.log(escapeControls(made.secret));
  const { id, expires_at } = made.key;
  console.error(escapeControls(`key ${id} (${name}, ${role}), expires ${expires_at ?? 'never'}; it is shown only now`));
}

const COLUMNS: ListColumn<ApiKey>[] = [
  { head: 'id', text: ({ id }) => id },
  { head: 'name', text: ({ name }) => name, least: 10 },
  { head: 'role', text: ({ role }) => role },
  { head: 'created', text: ({ created_at: at }) => `${at.slice(0, 16)}Z` },
  { head: 'by', text: ({ created_by: by }) => by, least: 10 },
  { head: 'expires', text: ({ expires_at: at }) => (at === undefined ? 'never' : `${at.slice(0, 16)}Z`) },
];

/** `nightcrier key list`. */
export async function listKeys(api: ApiClient, format: ListFormat): Promise<void> {
  printList(await api.apiKeys(), COLUMNS, { format, none: 'no API keys' });
}

/** `nightcrier key revoke KEY`. */
export async function revokeKey(api: ApiClient, idOrName: string): Promise<void> {
  const { id, name } = await api.revokeApiKey(idOrName);
  console.log(escapeControls(`key ${id} (${name}) revoked`));
}
