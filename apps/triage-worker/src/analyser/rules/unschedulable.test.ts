import { expect, it } from 'vitest';
import { faultOf, objectPiece, podEvidence } from '../../../test/analyser/evidence-of.ts';
import { diagnose } from '../diagnose.ts';

const pending = (message: string) => ({
  phase: 'Pending',
  containerStatuses: [],
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
});
const spec = { nodeName: undefined };

it.each([
  ['0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available', 'insufficient memory'],
  ['0/3 nodes are available: 3 Insufficient cpu.', 'insufficient CPU'],
  [
    '0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}.',
    'taints that the pod does not tolerate',
  ],
  [
    "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
    'a node selector or affinity that no node meets',
  ],
  ['0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.', 'a volume claim that is not bound'],
  ['0/3 nodes are available: 3 node(s) had volume node affinity conflict.', 'a volume that the nodes cannot reach'],
  [
    '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {a: b}. preemption: 3 Insufficient memory',
    'insufficient CPU, taints that the pod does not tolerate',
  ],
])('tells from %j why no node takes the pod', (message, reason) => {
  const diagnosis = diagnose(podEvidence({ spec, status: pending(message) }), faultOf('FailedScheduling'));
  expect(diagnosis.title).toBe(`Pod cart-1 cannot be scheduled: ${reason}`);
  expect(diagnosis).toMatchObject({ determined: true, confidence: 83 });
});

it('says when the pod asks for more memory than any node has', () => {
  const node = (name: string, memory: string) =>
    objectPiece('node', { kind: 'Node', metadata: { name }, status: { allocatable: { memory } } });
  const containers = [{ name: 'app', resources: { requests: { memory: '64Gi' } } }];
  const story = { spec: { ...spec, containers }, status: pending('0/2 nodes are available: 2 Insufficient memory.') };
  const more = [node('a', '8Gi'), node('b', '16Gi')];
  const { rootCause } = diagnose(podEvidence({ ...story, more }), faultOf());
  expect(rootCause).toContain('requests `64Gi` of memory, and the largest of the 2 nodes looked at has `16Gi`');
  const roomy = diagnose(podEvidence({ ...story, more: [node('a', '128Gi')] }), faultOf());
  expect(roomy.rootCause).not.toContain('largest');
});

it('does not apply to a pod that has a node by now', () => {
  const events: [string, string][] = [['FailedScheduling', '0/3 nodes are available: 3 Insufficient memory.']];
  expect(diagnose(podEvidence({ events }), faultOf()).title).toMatch(/^Not determined/);
});
