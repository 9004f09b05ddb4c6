import type { Role } from '@nightcrier/core/access/role';
import type { User } from '@nightcrier/core/access/user';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { ApiClient } from '../api-client.ts';
import { type ListColumn, type ListFormat, printList } from '../lists/print-list.ts';
import { readNewPassword } from './read-password.ts';

/** `nightcrier user add NAME`. */
export async function addUser(
  api: ApiClient,
  { name, role, passwordFile }: { name: string; role: Role; passwordFile?: string },
): Promise<void> {
  const user = await api.addUser({ name, role, password: await readNewPassword(name, passwordFile) });
  console.log(escapeControls(`user ${user.name} (${user.role}) added`));
}

const COLUMNS: ListColumn<User>[] = [
  { head: 'name', text: ({ name }) => name, least: 10 },
  { head: 'role', text: ({ role }) => role },
  { head: 'created', text: ({ created_at: at }) => `${at.slice(0, 16)}Z` },
  { head: 'by', text: ({ created_by: by }) => by, least: 10 },
  { head: 'password', text: ({ password_changed_at: at }) => `${at.slice(0, 16)}Z` },
];

/** `nightcrier user list`. */
export async function listUsers(api: ApiClient, format: ListFormat): Promise<void> {
  printList(await api.users(), COLUMNS, { format, none: 'no users' });
}

/** `nightcrier user password NAME`. */
export async function changePassword(api: ApiClient, name: string, passwordFile?: string): Promise<void> {
  await api.changePassword(name, await readNewPassword(name, passwordFile));
  console.log(escapeControls(`password of ${name} changed; the sessions of ${name} have ended`));
}

/** `nightcrier user remove NAME`. */
export async function removeUser(api: ApiClient, name: string): Promise<void> {
  await api.removeUser(name);
  console.log(escapeControls(`user ${name} removed`));
}
