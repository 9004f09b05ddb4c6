import type { RememberedSymptom } from '@nightcrier/core/problems/problem';
import { silentLogger } from '@nightcrier/core/logger';
import { expect, test } from 'vitest';
import { ProblemStore } from './problem-store.ts';

function symptom(family: RememberedSymptom['family']): RememberedSymptom {
  return {
    state: 'firing',
    family,
    workload: { namespace: 'shop', name: 'cart' },
    fault_type: family,
    severity: 'warning',
    resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop' },
    fault_id: family,
    since: 0,
    fired_at: 0,
  };
}

test('a detector remembers what objects show, and not what alerts say, which no object would confirm', async () => {
  const symptoms = (['crash', 'errors', 'latency', 'saturation', 'alert', 'event'] as const).map(symptom);
  const problem = { cluster: 'alpha', key: 'shop/cart', state: 'firing', severity: 'warning' } as const;
  const store = new ProblemStore({
    list: async () => [
      { ...problem, since: 0, changed_at: 0, symptoms, incidents: [], recurrences: 0, flapping: false },
    ],
    write: async () => [],
    tokenOf: () => undefined,
    logger: silentLogger,
  });
  const remembered = await store.memoryOf('alpha').load();
  expect(remembered.map((one) => one.symptom.family)).toEqual(['crash', 'event']);
});
