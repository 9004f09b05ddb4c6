import { roleOfGroups } from '@nightcrier/core/access/group-roles';
import type { Principal } from '@nightcrier/core/access/principal';
import type { ApiKeys } from '@nightcrier/state/access/api-keys';
import type { OpenSession, Sessions } from '@nightcrier/state/access/sessions';
import type { Users } from '@nightcrier/state/access/users';
import { createHmac } from 'node:crypto';
import { type AccessSettings, methodsOf } from './access-settings.ts';

/**
 * Returns who has a session, with the role of now: a session ends with the key, the password or the way to log in that it was opened
 * with, and follows a changed role at once.
 */
export class SessionPrincipals {
  readonly #sessions: Sessions;
  readonly #users: Users;
  readonly #apiKeys: ApiKeys;

  constructor({ sessions, users, apiKeys }: { sessions: Sessions; users: Users; apiKeys: ApiKeys }) {
    this.#sessions = sessions;
    this.#users = users;
    this.#apiKeys = apiKeys;
  }

  /** @param access with the access key of now */
  async find(secret: string, access: AccessSettings): Promise<Principal | undefined> {
    const session = await this.#sessions.find(secret, access.auth.session_idle);
    return session && this.#principalOf(session, secret, access);
  }

  async #principalOf(session: OpenSession, secret: string, access: AccessSettings): Promise<Principal | undefined> {
    const { name, method, credential, groups = [] } = session;
    const methods = methodsOf(access);
    switch (method) {
      case 'access_key': {
        if (!access.accessKey || credential !== accessKeyProof(secret, access.accessKey.reveal())) return undefined;
        return { name, kind: 'access_key', role: 'admin' };
      }
      case 'api_key': {
        const key = await this.#apiKeys.get(credential ?? '');
        return key && { name: key.name, kind: 'api_key', role: key.role };
      }
      case 'user': {
        const user = methods.includes('users') ? await this.#users.get(name) : undefined;
        return user && user.version === credential ? { name, kind: 'user', role: user.role } : undefined;
      }
      case 'oidc': {
        const role = methods.includes('oidc') ? roleOfGroups(groups, access.auth) : undefined;
        return role && { name, kind: 'oidc', role };
      }
      default:
        return method satisfies never;
    }
  }
}

/** Returns what shows that a session was opened with this access key. Who reads Redis learns nothing of the key from it. */
export function accessKeyProof(sessionSecret: string, accessKey: string): string {
  return createHmac('sha256', sessionSecret).update(accessKey).digest('hex');
}
