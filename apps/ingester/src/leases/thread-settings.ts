import { Secret } from '@nightcrier/core/settings/secret';
import type { RedisSettings } from '@nightcrier/state/redis/connection';

/** Returns the settings as text that a thread of this process is given: it cannot be given objects of classes, such as secrets. */
export function settingsForThread(settings: RedisSettings): string {
  return JSON.stringify(settings, function reveal(this: Record<string, unknown>, key: string, value: unknown) {
    const original = this[key];
    return original instanceof Secret ? { revealed: original.reveal() } : value;
  });
}

/** Returns the settings from the text of {@link settingsForThread}. No schema checks it: it is of this process, and a thread loads none. */
export function settingsInThread(text: string): RedisSettings {
  const settings: RedisSettings = JSON.parse(text, (_, value: unknown) =>
    isRevealed(value) ? new Secret(value.revealed) : value,
  );
  return settings;
}

function isRevealed(value: unknown): value is { revealed: string } {
  return typeof value === 'object' && value !== null && 'revealed' in value && typeof value.revealed === 'string';
}
