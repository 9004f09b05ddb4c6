import { expect, it } from 'vitest';
import { eventsPiece, faultOf, objectPiece, podPieces } from '../../../test/analyser/evidence-of.ts';
import type { EvidencePiece } from '../../evidence/evidence.ts';
import { diagnose } from '../diagnose.ts';

const fault = faultOf('JobFailure', { kind: 'Job', name: 'nightly' });
const job = (type: string, reason: string): EvidencePiece =>
  objectPiece('resource', {
    kind: 'Job',
    metadata: { name: 'nightly', namespace: 'shop' },
    spec: { backoffLimit: 1 },
    status: { failed: 2, conditions: [{ type, status: 'True', reason, message: 'as it says' }] },
  });
const failedPod = podPieces('pod', {
  status: { phase: 'Failed' },
  container: { ready: false, state: { terminated: { exitCode: 1, reason: 'Error' } } },
  log: 'FATAL dial tcp: lookup billing-db: no such host',
});

it("gives the cause of its pods as the job's", () => {
  const pieces = [
    job('Failed', 'BackoffLimitExceeded'),
    ...failedPod,
    eventsPiece('Job', 'nightly', [['BackoffLimitExceeded', 'x']]),
  ];
  const diagnosis = diagnose({ collectedAt: '', pieces }, fault);
  expect(diagnosis.title).toMatch(/^Job nightly failed: .*cannot be resolved/);
  expect(diagnosis.rootCause).toContain('all its attempts failed');
  expect(diagnosis.recommendations.join()).toContain('kubectl get pods -n shop -l job-name=nightly');
  expect(diagnosis.determined).toBe(true);
});

it('takes a deadline for a cause of its own', () => {
  const diagnosis = diagnose({ collectedAt: '', pieces: [job('Failed', 'DeadlineExceeded')] }, fault);
  expect(diagnosis).toMatchObject({ determined: true, title: expect.stringContaining('activeDeadlineSeconds') });
});

it('does not claim a cause when no pod is left', () => {
  const diagnosis = diagnose({ collectedAt: '', pieces: [job('Failed', 'BackoffLimitExceeded')] }, fault);
  expect(diagnosis.determined).toBe(false);
});

it('does not apply to a job that is done', () => {
  const diagnosis = diagnose({ collectedAt: '', pieces: [job('Complete', 'CompletionsReached')] }, fault);
  expect(diagnosis.title).toMatch(/^Not determined/);
});
