import { expect, test } from 'vitest';
import { resourceType } from '../objects/resource-types.ts';
import { fieldSelector, labelSelector } from './selectors.ts';

const labels = { app: 'web', tier: 'front' };

test.each([
  ['', true],
  ['app=web', true],
  ['app==web,tier!=back', true],
  ['app!=web', false],
  ['missing!=x', true],
  ['app in (api, web)', true],
  ['app in (api)', false],
  ['app notin (api),tier', true],
  ['missing notin (api)', true],
  ['missing in ()', false],
  ['!missing', true],
  ['!app', false],
])('label selector "%s" is %s for app=web,tier=front', (selector, matches) => {
  expect(labelSelector(selector)(labels)).toBe(matches);
});

test('an invalid label selector is a bad request', () => {
  expect(() => labelSelector('app in web')).toThrow(/app in web/);
});

const event = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e', namespace: 'shop' },
  type: 'Warning',
  source: { component: 'kubelet' },
  involvedObject: { kind: 'Pod', name: 'web-1' },
};

test.each([
  ['type=Warning', true],
  ['type!=Warning', false],
  ['involvedObject.kind=Pod,involvedObject.name=web-1', true],
  ['source=kubelet', true],
  ['metadata.namespace=shop', true],
  ['reason=BackOff', false],
])('field selector "%s" is %s for the event', (selector, matches) => {
  expect(fieldSelector(selector, resourceType('events'))(event)).toBe(matches);
});

test('a field that cannot be selected is a bad request that names it', () => {
  expect(() => fieldSelector('status.phase=Running', resourceType('events'))).toThrow(/not supported: status\.phase/);
});
