import { expect, test } from 'vitest';
import { ObjectStore, type Change } from './object-store.ts';
import { resourceType } from './resource-types.ts';

const configMap = (name: string, data = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'a' },
  data,
});
const configMaps = resourceType('configmaps');

test('keeps uid and creation time over changes, and counts versions up', () => {
  const store = new ObjectStore();
  const first = store.put(configMap('x'));
  const second = store.put(configMap('x', { key: 'value' }));
  expect(second.metadata.uid).toBe(first.metadata.uid);
  expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 1);
  expect(first['data']).toEqual({});
});

test('tells watchers of additions, changes and deletions until they leave', () => {
  const store = new ObjectStore();
  const seen: Change['type'][] = [];
  const leave = store.watch((change) => seen.push(change.type));
  store.put(configMap('x'));
  store.put(configMap('x'));
  store.delete(configMaps, 'a', 'x');
  leave();
  store.put(configMap('y'));
  expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
});

test('replays what came after a version, and says so when it no longer can', () => {
  const store = new ObjectStore();
  store.put(configMap('first'));
  const version = store.resourceVersion;
  store.put(configMap('second'));
  expect(store.changesSince(version)?.map((change) => change.object.metadata.name)).toEqual(['second']);
  expect(store.changesSince(store.resourceVersion)).toEqual([]);
  for (let i = 0; i < 1000; i += 1) store.put(configMap('busy'));
  expect(store.changesSince(version)).toBeUndefined();
});

test('refuses an object of a kind that could never be read back', () => {
  expect(() => new ObjectStore().put({ apiVersion: 'v9', kind: 'Ghost', metadata: { name: 'x' } })).toThrow(
    /Ghost.*v9/,
  );
});
