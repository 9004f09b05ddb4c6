import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { expect, test } from 'vitest';
import { Detector } from '../detection/detector.ts';
import type { Remembered } from '../detection/known-symptoms.ts';
import { type CheckedSymptoms, findLostReports, type LostReports } from './lost-reports.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');

const fault: FaultEvent = {
  faultId: 'reported',
  faultType: 'CrashLoop',
  severity: 'critical',
  resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop' },
  context: 'Container entered CrashLoopBackOff state',
  timestamp: '2026-11-21T09:59:58Z',
};

/** A detector that has reported the fault, and a store that holds what is given. */
async function check(
  checked: CheckedSymptoms,
  { stored = [], known = false, pending = false }: { stored?: Remembered[]; known?: boolean; pending?: boolean },
): Promise<LostReports> {
  const detector = new Detector('alpha');
  const { key } = reportTo(detector);
  return findLostReports(
    {
      detector,
      memory: { load: async () => stored },
      incidents: {
        known: async (sightings) => sightings.map(({ fingerprint }) => known && fingerprint === 'reported'),
      },
      pending: new Set(pending ? [key] : []),
      now: NOW,
    },
    checked,
  );
}

function reportTo(detector: Detector): { key: string; remembered: Remembered } {
  const { problem, symptom } = detector.assert(fault, NOW);
  const [[key] = ['']] = [...detector.remembered()];
  return { key, remembered: { problem, symptom } };
}

const { remembered } = reportTo(new Detector('alpha'));
const reported = [{ problem: remembered.problem, fault: expect.objectContaining({ faultId: 'reported' }) }];

test.each<[string, CheckedSymptoms, Parameters<typeof check>[1], object]>([
  ['neither problem nor incident', 'missing', {}, { lost: reported, unsaved: [remembered] }],
  ['no problem', 'missing', { known: true }, { lost: [], unsaved: [remembered] }],
  ['no incident', 'missing', { stored: [remembered] }, { lost: [], unsaved: [] }],
  ['no incident', 'all', { stored: [remembered] }, { lost: reported, unsaved: [] }],
  ['both', 'all', { stored: [remembered], known: true }, { lost: [], unsaved: [] }],
  ['neither yet, because it is being reported', 'all', { pending: true }, { lost: [], unsaved: [] }],
])('what is reported again when the store has %s and %s is checked', async (_, checked, store, expected) => {
  expect(await check(checked, store)).toMatchObject(expected);
});

test('a recovery that the store has lost is stored again, and a symptom that only the store knows is taken over', async () => {
  const detector = new Detector('alpha');
  const { symptom, problem } = remembered;
  detector.restore([{ problem, symptom: { ...symptom, state: 'cleared', cleared_at: NOW } }]);
  const other = { problem, symptom: { ...symptom, family: 'image' as const } };
  const memory = { load: async () => [remembered, other] };
  const incidents = { known: async () => [] };
  const options = { detector, memory, incidents, pending: new Set<string>(), now: NOW };
  expect(await findLostReports(options, 'missing')).toMatchObject({
    lost: [],
    unsaved: [{ symptom: { state: 'cleared' } }],
  });
  expect(
    [...detector.remembered()].map(
      ([
        ,
        {
          symptom: { family, state },
        },
      ]) => [family, state],
    ),
  ).toEqual([
    ['crash', 'cleared'],
    ['image', 'firing'],
  ]);
});
