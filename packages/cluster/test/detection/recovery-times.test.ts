import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { DEFAULT_RECOVERY } from '@nightcrier/core/problems/recovery';
import { expect, test } from 'vitest';
import { Detector } from '../../src/detection/detector.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;

function fault(faultType: string, name: string): FaultEvent {
  const resource = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name, uid: `${name}-uid` };
  return {
    faultId: name,
    faultType,
    severity: 'warning',
    resource,
    context: '',
    timestamp: new Date(NOW).toISOString(),
  };
}

/** Returns how long after its pods are gone each problem recovers, minutes. */
function recoveries(detector: Detector): Record<string, number> {
  detector.assert(fault('CrashLoop', 'crashing'), NOW);
  detector.assert(fault('ImagePull', 'pulling'), NOW);
  const found: Record<string, number> = {};
  for (let minute = 0; minute <= 30; minute += 1) {
    detector.list('pods', [], NOW + minute * MINUTE);
    for (const { change, problem } of detector.advance(NOW + minute * MINUTE)) {
      if (change === 'cleared') found[problem] = minute;
    }
  }
  return found;
}

test('a symptom recovers when it was absent for the time of its family', () => {
  expect(recoveries(new Detector('prod', DEFAULT_RECOVERY))).toEqual({ 'shop/crashing': 10, 'shop/pulling': 2 });
  expect(recoveries(new Detector('prod', { crash: 3 * MINUTE, other: 7 * MINUTE }))).toEqual({
    'shop/crashing': 3,
    'shop/pulling': 7,
  });
});
