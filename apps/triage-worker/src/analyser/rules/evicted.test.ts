import { expect, it } from 'vitest';
import { faultOf, podEvidence } from '../../../test/analyser/evidence-of.ts';
import { diagnose } from '../diagnose.ts';

const message =
  'The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. Container app was using 1500Mi, request is 256Mi, has larger consumption of memory. ';

it('names the node, what it was short of, and the container that used it', () => {
  const status = { phase: 'Failed', reason: 'Evicted', message, containerStatuses: [] };
  const diagnosis = diagnose(podEvidence({ status }), faultOf('Evicted'));
  expect(diagnosis.title).toBe('Pod cart-1 evicted: node low on memory');
  expect(diagnosis.rootCause).toContain('Container `app` was using `1500Mi` against a request of `256Mi`');
  expect(diagnosis.recommendations[0]).toContain('kubectl describe node node-1');
});

it('does not apply to a pod that failed for another reason', () => {
  const status = { phase: 'Failed', reason: 'DeadlineExceeded', message, containerStatuses: [] };
  expect(diagnose(podEvidence({ status }), faultOf()).title).toMatch(/^Not determined/);
});
