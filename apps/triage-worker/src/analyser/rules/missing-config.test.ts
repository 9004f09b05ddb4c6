import { expect, it } from 'vitest';
import { faultOf, podEvidence } from '../../../test/analyser/evidence-of.ts';
import { diagnose } from '../diagnose.ts';

const waiting = (reason: string, message = '') => ({ ready: false, state: { waiting: { reason, message } } });

it.each([
  ['configmap "rules" not found', 'ConfigMap rules does not exist'],
  ['secret "db-password" not found', 'Secret db-password does not exist'],
  ["couldn't find key url in ConfigMap shop/rules", 'ConfigMap rules lacks the key url'],
  ["couldn't find key token in Secret shop/api", 'Secret api lacks the key token'],
])('tells from %j what is missing', (message, missing) => {
  const container = waiting('CreateContainerConfigError', message);
  const events: [string, string][] = [['Failed', `Error: ${message}`]];
  const diagnosis = diagnose(podEvidence({ container, events }), faultOf('PodCrash'));
  expect(diagnosis.title).toBe(`Pod cart-1 cannot start: ${missing}`);
  expect(diagnosis.confidence).toBe(88);
});

it('tells from a failed mount what is missing while the pod starts', () => {
  const message = 'MountVolume.SetUp failed for volume "certificates" : secret "cart-tls" not found';
  const events: [string, string][] = [['FailedMount', message]];
  const diagnosis = diagnose(podEvidence({ container: waiting('ContainerCreating'), events }), faultOf('FailedMount'));
  expect(diagnosis.title).toBe('Pod cart-1 cannot start: Secret cart-tls does not exist');
});

it('is surer when the cluster confirms that the ConfigMap is not there', () => {
  const container = waiting('CreateContainerConfigError', 'configmap "rules" not found');
  const existence = {
    type: 'existence',
    kind: 'ConfigMap',
    namespace: 'shop',
    name: 'rules',
    command: 'c',
    at: '',
  } as const;
  const confidenceWith = (exists: boolean): number =>
    diagnose(podEvidence({ container, more: [{ ...existence, exists }] }), faultOf()).confidence;
  expect(confidenceWith(false)).toBeGreaterThan(confidenceWith(true));
});

it('does not apply once the container has started', () => {
  const events: [string, string][] = [['FailedMount', 'MountVolume.SetUp failed: configmap "rules" not found']];
  expect(diagnose(podEvidence({ events }), faultOf()).title).toMatch(/^Not determined/);
});
