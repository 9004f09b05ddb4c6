import { expect, it } from 'vitest';
import { faultOf, podEvidence } from '../../../test/analyser/evidence-of.ts';
import { diagnose } from '../diagnose.ts';

const killed = { terminated: { reason: 'OOMKilled', exitCode: 137 } };
const limited = { containers: [{ name: 'app', resources: { limits: { memory: '128Mi' } } }] };

it('names the memory limit that the container exceeded', () => {
  const container = {
    ready: false,
    restartCount: 4,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: killed,
  };
  const diagnosis = diagnose(podEvidence({ spec: limited, container }), faultOf());
  expect(diagnosis.title).toBe('Container app of cart-1 killed for exceeding its memory limit of 128Mi');
  expect(diagnosis).toMatchObject({ determined: true, confidence: 96 });
  expect(diagnosis.recommendations.join()).toContain('kubectl top pod -n shop cart-1 --containers');
});

it('says that there is no limit when there is none, with less confidence', () => {
  const diagnosis = diagnose(podEvidence({ container: { ready: false, state: killed } }), faultOf());
  expect(diagnosis.rootCause).toContain('has no memory limit of its own');
  expect(diagnosis.confidence).toBeLessThan(90);
});

it('does not take every SIGKILL for one of memory', () => {
  const container = { ready: false, state: { terminated: { reason: 'Error', exitCode: 137 } } };
  const diagnosis = diagnose(podEvidence({ spec: limited, container }), faultOf());
  expect(diagnosis.rootCause).not.toContain('memory');
  expect(diagnosis.rootCause).toContain('killed (SIGKILL)');
});
