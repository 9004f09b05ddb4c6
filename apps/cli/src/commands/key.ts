import type { NewApiKey } from '@nightcrier/core/access/api-key';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { ApiClient } from '../api-client.ts';
import { parseDuration } from '../duration.ts';
import { printTable } from '../print-table.ts';

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
    console.log(JSON.stringify({ ...made.key, secret: made.secret }));
    return;
  }
  console.log(made.secret);
  const { id, expires_at } = made.key;
  console.error(escapeControls(`key ${id} (${name}, ${role}), expires ${expires_at ?? 'never'}; it is shown only now`));
}

/** `nightcrier key list`. */
export async function listKeys(api: ApiClient, output: 'table' | 'json'): Promise<void> {
  const keys = await api.apiKeys();
  if (output === 'json') {
    for (const key of keys) console.log(JSON.stringify(key));
    return;
  }
  const rows = keys.map(({ id, name, role, created_by, created_at, expires_at }) => [
    id,
    name,
    role,
    `${created_at.slice(0, 16)}Z`,
    created_by,
    expires_at === undefined ? 'never' : `${expires_at.slice(0, 16)}Z`,
  ]);
  printTable(['id', 'name', 'role', 'created', 'by', 'expires'], rows, 'no API keys');
}

/** `nightcrier key revoke KEY`. */
export async function revokeKey(api: ApiClient, idOrName: string): Promise<void> {
  const { id, name } = await api.revokeApiKey(idOrName);
  console.log(escapeControls(`key ${id} (${name}) revoked`));
}
