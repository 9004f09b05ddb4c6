import { expect, it } from 'vitest';
import { obstaclesOf } from '../../src/analyser/rules/scheduling/node-fit.ts';
import { ClusterView } from '../../src/evidence/view/cluster-view.ts';

it.each(['constructor', '__proto__', 'toString'])('a node has the label %s only if it is set', (key) => {
  const view = new ClusterView({ collectedAt: '2026-03-01T08:20:00Z', pieces: [] });
  const terms = [{ matchExpressions: [{ key, operator: 'Exists' }] }];
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
  const pod = { spec: { affinity: { nodeAffinity } } };
  const node = (labels: Record<string, string>) => ({ metadata: { name: 'node-1', labels } });
  expect([...obstaclesOf(view, pod, node({}))]).toEqual(['affinity']);
  const own: Record<string, string> = JSON.parse(`{"${key}":"x"}`);
  expect(Object.hasOwn(own, key)).toBe(true);
});
