import { Secret } from '@nightcrier/core/settings/secret';
import { expect, test } from 'vitest';
import { settingsForThread, settingsInThread } from './thread-settings.ts';

test('a thread is given the settings of Redis with their secrets, which are secrets again there', () => {
  const settings = {
    url: 'redis://127.0.0.1:6379',
    key_prefix: 'test',
    sentinel: { password: new Secret('pass-word-1') },
  };
  const given = settingsInThread(settingsForThread(settings));
  expect(given).toEqual(settings);
  expect(JSON.stringify(given)).not.toContain('pass-word-1');
  expect(given).toHaveProperty('sentinel.password.reveal');
});
