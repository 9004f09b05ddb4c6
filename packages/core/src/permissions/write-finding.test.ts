import { expect, test } from 'vitest';
import { describeWriteFinding, type WriteFinding } from './write-finding.ts';

test.each<[WriteFinding, string]>([
  [
    { permission: 'can_write', result: 'allowed', actions: ['create pods', 'patch pods', 'delete pods', '* *'] },
    'the kubeconfig can write (create pods, patch pods, delete pods)',
  ],
  [
    { permission: 'can_exec', result: 'allowed', actions: ['create pods/exec'] },
    'the kubeconfig can exec into pods (create pods/exec)',
  ],
  [
    { permission: 'can_exec', result: 'allowed', actions: ['get services/proxy'] },
    'the kubeconfig can connect to pods or services (get services/proxy)',
  ],
  [
    { permission: 'can_impersonate', result: 'unknown', failure: 'HTTP 500' },
    'could not find out whether the kubeconfig can impersonate: HTTP 500',
  ],
])('describes %j', (finding, text) => {
  expect(describeWriteFinding(finding)).toBe(text);
});
