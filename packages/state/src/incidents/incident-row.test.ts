import { expect, test } from 'vitest';
import { parseIncidentRow } from './incident-row.ts';

const ROW = {
  state: 'reported',
  reason: 'codex took over: claude: API Error: 401',
  fingerprint: 'f1',
  created_at: '2026-01-02T03:04:05Z',
  cluster_event: JSON.stringify({
    cluster_name: 'alpha',
    labels: {},
    source: 'subscription',
    received_at: '2026-01-02T03:04:05Z',
    event: {
      faultId: 'f1',
      faultType: 'CrashLoop',
      severity: 'critical',
      resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-abc', namespace: 'shop' },
      timestamp: '2026-01-02T03:04:00Z',
    },
  }),
};

test('reads a row that a worker without agent_failures has written', () => {
  const incident = parseIncidentRow('00000000-0000-4000-8000-000000000001', ROW);
  expect(incident).toMatchObject({ state: 'reported', reason: ROW.reason });
  expect(incident.agent_failures).toBeUndefined();
});

test('reads the state `resolved`, which older versions write, as reported', () => {
  const incident = parseIncidentRow('00000000-0000-4000-8000-000000000001', { ...ROW, state: 'resolved' });
  expect(incident.state).toBe('reported');
});

test('reads the failures of agents', () => {
  const failures = [{ kind: 'provider_failed', agent: 'claude', reason: 'API Error: 401' }];
  expect(
    parseIncidentRow('00000000-0000-4000-8000-000000000001', { ...ROW, agent_failures: JSON.stringify(failures) })
      .agent_failures,
  ).toEqual(failures);
});

test.each([
  ['a kind of a newer version', JSON.stringify([{ kind: 'abducted', agent: 'claude' }])],
  ['no JSON', '['],
])('reads the rest of a row whose agent_failures have %s', (_, agent_failures) => {
  const incident = parseIncidentRow('00000000-0000-4000-8000-000000000001', { ...ROW, agent_failures });
  expect(incident).toMatchObject({ state: 'reported', reason: ROW.reason });
  expect(incident.agent_failures).toBeUndefined();
});

const REPORT = { title: 't', summary: 's', root_cause: 'c', recommendations: [] };
const DIAGNOSIS = { version: 1, determined: false, hypotheses: [] };

test.each([
  ['the fields of the row', { determined: 'false', diagnosis_version: '2' }, false, 2],
  [
    'the diagnosis, in a row of an older version',
    { report: JSON.stringify({ ...REPORT, diagnosis: DIAGNOSIS }) },
    false,
    1,
  ],
  ['the confidence, without a diagnosis', { report: JSON.stringify({ ...REPORT, confidence: 49 }) }, false, undefined],
  ['a confidence of 50', { report: JSON.stringify({ ...REPORT, confidence: 50 }) }, true, undefined],
  ['nothing, without a report', {}, undefined, undefined],
  ['nothing, from a value that a newer version may write', { determined: 'perhaps' }, undefined, undefined],
])('tells whether the cause is determined by %s', (_, fields, determined, version) => {
  const incident = parseIncidentRow('00000000-0000-4000-8000-000000000001', { ...ROW, ...fields });
  expect(incident.determined).toBe(determined);
  expect(incident.diagnosis_version).toBe(version);
});
