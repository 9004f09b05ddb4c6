import { expect, it } from 'vitest';
import { faultOf, podEvidence } from '../../../test/analyser/evidence-of.ts';
import { diagnose } from '../diagnose.ts';

const waiting = (reason: string, message = '') => ({ ready: false, state: { waiting: { reason, message } } });

it.each([
  [
    'rpc error: code = NotFound desc = manifest for registry.example.com/cart:1 not found: manifest unknown',
    'does not exist',
  ],
  ['failed to authorize: 401 Unauthorized', 'denies access'],
  ['pull access denied, repository does not exist or may require authorization', 'denies access'],
  ['429 Too Many Requests: toomanyrequests: You have reached your pull rate limit', 'limits how many images'],
  ['dial tcp: lookup registry.example.com on 10.96.0.10:53: no such host', 'cannot be resolved'],
  ['x509: certificate signed by unknown authority', 'does not trust'],
  ['dial tcp 203.0.113.9:443: i/o timeout', 'cannot be reached'],
])('tells from %j what stops the pull', (reason, meaning) => {
  const events: [string, string][] = [
    ['Failed', 'Error: ErrImagePull'],
    ['Failed', `Failed to pull image "registry.example.com/cart:1": ${reason}`],
  ];
  const diagnosis = diagnose(podEvidence({ container: waiting('ErrImagePull'), events }), faultOf('PodCrash'));
  expect(diagnosis.rootCause).toContain(meaning);
  expect(diagnosis.title).toContain('registry.example.com/cart:1');
  expect(diagnosis.determined).toBe(true);
});

it('is not misled by words in the name of the image', () => {
  const image = 'registry.example.com/denied/401:toomanyrequests';
  const events: [string, string][] = [['Failed', `Failed to pull image "${image}": ${image}: i/o timeout`]];
  const spec = { containers: [{ name: 'app', image }] };
  const diagnosis = diagnose(
    podEvidence({ spec, container: waiting('ImagePullBackOff'), events }),
    faultOf('PodCrash'),
  );
  expect(diagnosis.rootCause).toContain('cannot be reached from the node');
});

it('admits that it does not know why when the kubelet does not tell', () => {
  const diagnosis = diagnose(podEvidence({ container: waiting('ImagePullBackOff', 'Back-off pulling') }), faultOf());
  expect(diagnosis.rootCause).toContain('a reason that the kubelet does not tell');
  expect(diagnosis.confidence).toBe(50);
});

it('does not apply to a container that runs, whatever its old events say', () => {
  const events: [string, string][] = [['Failed', 'Failed to pull image "registry.example.com/cart:1": not found']];
  expect(diagnose(podEvidence({ events }), faultOf()).title).toMatch(/^Not determined/);
});
