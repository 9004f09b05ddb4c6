import { expect, test } from 'vitest';
import { ObjectStore } from './kubernetes/objects/object-store.ts';
import { resourceType } from './kubernetes/objects/resource-types.ts';
import { goYaml } from './mcp/go-yaml.ts';
import { populate } from './populate.ts';

test('fills a cluster with as many pods as wanted, each as large as in a real cluster, and with its owners', () => {
  const store = new ObjectStore();
  populate(store, { pods: 105, namespaces: 4 });
  const pods = store.list(resourceType('pods'));
  expect(pods).toHaveLength(105);
  expect(store.list(resourceType('deployments'))).toHaveLength(11);
  expect(store.list(resourceType('namespaces'))).toHaveLength(4);
  expect(new Set(pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).size).toBe(105);
  // Measured: 2,000 pods are 8.7 MB of YAML.
  const kilobytes = goYaml(pods.slice(0, 10)).length / 10 / 1000;
  expect(kilobytes).toBeGreaterThan(3.5);
  expect(kilobytes).toBeLessThan(5.5);
});
