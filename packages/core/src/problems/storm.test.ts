import { expect, test } from 'vitest';
import { decideStormMember, explainsStorm, stormTraits, type StormView } from './storm.ts';

const diagnosis = (
  cause: 'node_not_ready' | 'image_not_found' | 'image_registry_unreachable' | 'application_error' | 'quota_pods',
  kind: string,
) => ({
  version: 1,
  determined: true,
  hypotheses: [{ cause, culprit: { kind, name: 'x' }, confidence: 90, title: 't' }],
});
const event = {
  faultId: 'f',
  faultType: 'CrashLoop',
  severity: 'warning' as const,
  resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop' },
  timestamp: '2026-01-02T03:04:05Z',
};

test('a fault shares its node, images and namespace, and a node itself', () => {
  expect(stormTraits({ event, node: 'n1', images: ['b', 'a'] })).toEqual(['node:n1', 'image:a b', 'namespace:shop']);
  const resource = { apiVersion: 'v1', kind: 'Node', name: 'n1' };
  expect(stormTraits({ event: { ...event, resource } })).toEqual(['node:n1']);
});

test.each([
  ['node:n1', diagnosis('node_not_ready', 'Node'), true],
  ['node:n1', diagnosis('application_error', 'Pod'), false],
  ['image:a', diagnosis('image_not_found', 'Pod'), true],
  ['image:a', diagnosis('node_not_ready', 'Node'), false],
  ['namespace:shop', diagnosis('quota_pods', 'ResourceQuota'), true],
  ['namespace:shop', diagnosis('application_error', 'Deployment'), false],
  ['dependency:registry//registry.example.com', diagnosis('image_registry_unreachable', 'Pod'), true],
  ['dependency:registry//registry.example.com', diagnosis('image_not_found', 'Pod'), false],
  ['dependency:configmap/shop/x', diagnosis('application_error', 'ConfigMap'), true],
  ['dependency:configmap/shop/y', diagnosis('application_error', 'ConfigMap'), false],
  ['dependency:webhook//v.example.io', diagnosis('application_error', 'ValidatingWebhookConfiguration'), true],
  ['node:n1', { ...diagnosis('node_not_ready', 'Node'), determined: false }, false],
  ['node:n1', undefined, false],
])('what shares %s and was found to be %j explains it: %s', (trait, found, explained) => {
  expect(explainsStorm(trait, found)).toBe(explained);
});

const view: StormView = {
  trait: 'node:n1',
  leader: { isFiring: true },
  incident: { state: 'reported', diagnosis: diagnosis('node_not_ready', 'Node') },
  member: { isFiring: true },
};

test.each([
  ['waits while the first is investigated', { incident: { state: 'investigating' } }, 'wait'],
  ['waits while the first explains it', {}, 'wait'],
  ['is investigated when the first has another cause', { trait: 'image:a' }, 'investigate'],
  ['is investigated when the first got no report', { incident: { state: 'agent_failed' } }, 'investigate'],
  ['is investigated when the first is gone', { incident: undefined }, 'investigate'],
  ['waits a while after the first has recovered', { leader: { isFiring: false, recoveredAt: 1 } }, 'wait'],
  ['is investigated when it outlasts the first', { leader: { isFiring: false, recoveredAt: -300_000 } }, 'investigate'],
  ['is forgotten when it has recovered', { member: { isFiring: false } }, 'forget'],
] as const)('a member %s', (_, changes, decision) => {
  expect(decideStormMember({ ...view, ...changes }, 1_000)).toBe(decision);
});
