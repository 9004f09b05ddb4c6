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

test('keeps uid and creation time, and increases the resourceVersion', () => {
  const store = new ObjectStore();
  const first = store.put(configMap('x'));
  const second = store.put(configMap('x', { key: 'value' }));
  expect(second.metadata.uid).toBe(first.metadata.uid);
  expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 1);
  expect(first['data']).toEqual({});
});

test('sends additions, changes and deletions to watchers until they unsubscribe', () => {
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

test('replays the changes after a version, and reports when some are no longer kept', () => {
  const store = new ObjectStore();
  store.put(configMap('first'));
  const version = store.resourceVersion;
  store.put(configMap('second'));
  expect(store.changesSince(version)?.map((change) => change.object.metadata.name)).toEqual(['second']);
  expect(store.changesSince(store.resourceVersion)).toEqual([]);
  for (let i = 0; i < 1000; i += 1) store.put(configMap('busy'));
  expect(store.changesSince(version)).toBeUndefined();
});

test('refuses an object of an unknown kind', () => {
  expect(() => new ObjectStore().put({ apiVersion: 'v9', kind: 'Ghost', metadata: { name: 'x' } })).toThrow(
    /Ghost.*v9/,
  );
});
