import { expect, it } from 'vitest';
import { faultOf, objectPiece, podEvidence } from '../../../test/analyser/evidence-of.ts';
import type { EvidencePiece } from '../../evidence/evidence.ts';
import { diagnose } from '../diagnose.ts';

const fault = faultOf('NodeUnhealthy', { kind: 'Node', name: 'node-1', namespace: undefined });
const node = (role: 'resource' | 'node', ...conditions: [type: string, status: string][]): EvidencePiece =>
  objectPiece(role, {
    kind: 'Node',
    metadata: { name: 'node-1' },
    status: { conditions: conditions.map(([type, status]) => ({ type, status, reason: 'R', message: 'M' })) },
  });

it.each([
  [
    [
      ['Ready', 'Unknown'],
      ['DiskPressure', 'Unknown'],
    ],
    'NotReady: its kubelet stopped posting its status',
  ],
  [
    [
      ['DiskPressure', 'True'],
      ['Ready', 'True'],
    ],
    'in trouble: its disk is nearly full',
  ],
  [
    [
      ['MemoryPressure', 'True'],
      ['Ready', 'False'],
    ],
    'NotReady: its memory is nearly used up',
  ],
  [
    [
      ['PIDPressure', 'True'],
      ['Ready', 'True'],
    ],
    'in trouble: it runs out of process ids',
  ],
  [
    [
      ['NetworkUnavailable', 'True'],
      ['Ready', 'False'],
    ],
    'NotReady: its network is not set up',
  ],
  [[['Ready', 'False']], 'NotReady: its kubelet reports that it is not ready'],
] as [[string, string][], string][])('tells the trouble from the conditions %j', (conditions, trouble) => {
  const diagnosis = diagnose({ collectedAt: '', pieces: [node('resource', ...conditions)] }, fault);
  expect(diagnosis.title).toBe(`Node node-1 is ${trouble}`);
  expect(diagnosis.determined).toBe(true);
});

it('explains a pod that shows no trouble of its own by its node', () => {
  const diagnosis = diagnose(podEvidence({ more: [node('node', ['Ready', 'Unknown'])] }), faultOf('PodCrash'));
  expect(diagnosis.title).toContain('Node node-1 is NotReady');
});

it('does not apply to a node that is well', () => {
  const conditions: [string, string][] = [
    ['Ready', 'True'],
    ['DiskPressure', 'False'],
    ['MemoryPressure', 'False'],
  ];
  const diagnosis = diagnose({ collectedAt: '', pieces: [node('resource', ...conditions)] }, fault);
  expect(diagnosis).toMatchObject({ determined: false, confidence: 10 });
});
