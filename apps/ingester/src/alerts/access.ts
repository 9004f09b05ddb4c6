import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '@nightcrier/core/settings/config';
import { isLoopback } from '@nightcrier/core/settings/loopback';
import type { Secret } from '@nightcrier/core/settings/secret';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';

export type AlertSettings = Config['alerts'];

/**
 * Whether a sender of alerts has the key or the password. Without either, senders on this machine are trusted.
 * @throws Error when the file of a secret cannot be read
 */
export async function isAuthorized(settings: AlertSettings, authorization: string | undefined): Promise<boolean> {
  const key = await readSecret(settings.access_key, settings.access_key_file);
  const password = await readSecret(settings.password, settings.password_file);
  if (!key && !password) return settings.allow_anonymous || isLoopback(settings.host);
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +(.+)$/i.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return isSame(value, key);
  const credentials = Buffer.from(value, 'base64').toString('utf8');
  const at = credentials.indexOf(':');
  return credentials.slice(0, at) === settings.username && isSame(credentials.slice(at + 1), password);
}

/** Compares in constant time; the digests have the same length. */
function isSame(text: string, secret: Secret | undefined): boolean {
  if (!secret) return false;
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(text), digest(secret.reveal()));
}
