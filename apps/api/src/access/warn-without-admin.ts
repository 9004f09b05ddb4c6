import type { Logger } from '@nightcrier/core/logger';
import type { ApiKeys } from '@nightcrier/state/access/api-keys';
import type { Users } from '@nightcrier/state/access/users';
import { type AccessSettings, methodsOf } from './access-settings.ts';

/**
 * Logs a warning where people log in as local users and no administrator exists who could add the first one: no access key, no user and no
 * API key with the role admin, and no group that gives it.
 */
export async function warnWithoutAdmin(
  access: AccessSettings,
  { users, apiKeys, logger }: { users: Pick<Users, 'list'>; apiKeys: Pick<ApiKeys, 'list'>; logger: Logger },
): Promise<void> {
  const methods = methodsOf(access);
  if (!methods.includes('users') || (access.accessKey ?? access.accessKeyFile) !== undefined) return;
  const { roles, default_role: other } = access.auth;
  const isGivenByGroups = methods.includes('oidc') || methods.includes('proxy');
  if (isGivenByGroups && [...Object.values(roles), other].includes('admin')) return;
  const holders = [...(await users.list()), ...(await apiKeys.list())];
  if (holders.some(({ role }) => role === 'admin')) return;
  logger.warn(
    { action: 'set api.access_key, and run: nightcrier user add NAME --role admin' },
    'no administrator exists who could add users',
  );
}
