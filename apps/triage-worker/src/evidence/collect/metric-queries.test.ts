import { expect, test } from 'vitest';
import { metricQueries } from './metric-queries.ts';

const NOTHING = { pods: [], workloads: [], services: [], nodes: [] };

test('asks for what the evidence shows, and nothing for what it does not', () => {
  const names = (changes: object) => metricQueries({ ...NOTHING, ...changes }).map(({ name }) => name);
  expect(names({})).toEqual([]);
  expect(names({ namespace: 'shop' })).toEqual([]);
  expect(names({ nodes: ['n1'] })).toEqual(['node-cpu', 'node-memory', 'node-disk', 'node-network-errors']);
  expect(names({ namespace: 'shop', pods: ['cart-1'] })).toContain('memory-use-to-limit');
  expect(names({ namespace: 'shop', workloads: ['cart'], services: ['cart'] })).toEqual([
    'mesh-requests',
    'mesh-latency',
    'ingress-requests',
    'ingress-latency',
  ]);
});

test('names of the cluster match themselves alone', () => {
  const subject = { ...NOTHING, namespace: 'shop"} or vector(1) or x{a="', pods: ['a.b', 'c|d', String.raw`e\f`] };
  const [restarts] = metricQueries({ ...subject, cluster: { label: 'cluster', value: 'west"1' } });
  expect(restarts?.promql).toBe(
    String.raw`sum by (pod, container) (increase(kube_pod_container_status_restarts_total{cluster="west\"1",namespace="shop\"} or vector(1) or x{a=\"",pod=~"a\\.b|c\\|d|e\\\\f"}[1h])) > 0`,
  );
});
