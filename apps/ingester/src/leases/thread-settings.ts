import { Secret } from '@nightcrier/core/settings/secret';
import type { RedisSettings } from '@nightcrier/state/redis/connection';
import { z } from 'zod';

const Revealed = z.strictObject({ revealed: z.string() });

/** Returns the settings as text that a thread of this process is given: it cannot be given objects of classes, such as secrets. */
export function settingsForThread(settings: RedisSettings): string {
  return JSON.stringify(settings, function reveal(this: Record<string, unknown>, key: string, value: unknown) {
    const original = this[key];
    return original instanceof Secret ? { revealed: original.reveal() } : value;
  });
}

/** Returns the settings from the text of {@link settingsForThread}. */
export function settingsInThread(text: string): RedisSettings {
  const settings: unknown = JSON.parse(text, (_, value: unknown) => {
    const secret = Revealed.safeParse(value);
    return secret.success ? new Secret(secret.data.revealed) : value;
  });
  return z.custom<RedisSettings>().parse(settings);
}
