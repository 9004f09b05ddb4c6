import { expect, test } from 'vitest';
import type { z } from 'zod';
import { Settings } from '../settings/config.ts';
import type { ReceiverConfig } from '../settings/sections/receivers.ts';
import { receiverTargets } from './receiver-targets.ts';

const KEY = 'a'.repeat(32);
const idsOf = (receiver: Partial<z.input<typeof ReceiverConfig>>): string[] =>
  receiverTargets(Settings.parse({ receivers: [{ name: 'team', ...receiver }] })).map(({ id }) => id);

test('a target keeps its id when the lists of its receiver are reordered or extended', () => {
  const hooks = ['a', 'b', 'c'].map((name) => ({ url: `https://hooks.example/${name}` }));
  const [a, b, c] = hooks;
  const [idOfA, idOfB] = idsOf({ webhook_configs: [a!, b!] });
  expect(idsOf({ webhook_configs: [c!, b!, a!], pagerduty_configs: [{ routing_key: KEY }] }).slice(2)).toEqual([
    idOfB,
    idOfA,
  ]);
});

test.each<[string, Partial<z.input<typeof ReceiverConfig>>, Partial<z.input<typeof ReceiverConfig>>]>([
  [
    'the token of an app is rotated',
    { slack_configs: [{ bot_token: 'xoxb-1', channel: 'C1' }] },
    { slack_configs: [{ bot_token: 'xoxb-2', channel: 'C1' }] },
  ],
  [
    'the order of the instances of an Alertmanager changes',
    { alertmanager_configs: [{ urls: ['http://one:9093', 'http://two:9093'] }] },
    { alertmanager_configs: [{ urls: ['http://two:9093', 'http://one:9093'] }] },
  ],
  [
    'the signature of a webhook is rotated',
    { webhook_configs: [{ url_file: '/run/secrets/hook', secret: 'one' }] },
    { webhook_configs: [{ url_file: '/run/secrets/hook', secret: 'two' }] },
  ],
])('a target keeps its id when %s', (_, before, after) => {
  expect(idsOf(after)).toEqual(idsOf(before));
});

test('targets have different ids, also those with the same address, and no id shows a secret', () => {
  const ids = idsOf({
    pagerduty_configs: [{ routing_key: KEY }, { routing_key: KEY }, { routing_key: 'b'.repeat(32) }],
    msteamsv2_configs: [{ webhook_url: 'https://teams.example/secret' }],
    email_configs: [
      { to: 'a@b.example', from: 'c@d.example', smarthost: 'mail:25' },
      { to: 'x@b.example', from: 'c@d.example', smarthost: 'mail:25' },
    ],
  });
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.join(' ')).not.toMatch(/aaaa|bbbb|secret|[:@ ]b\.example/);
  for (const id of ids) expect(id).toMatch(/^team\.[a-z-]+\.[0-9a-f]{10}(\.2)?$/);
});
