import type { Incident } from '@nightcrier/core/incidents/incident';
import { expect, test } from 'vitest';
import { incidentRow, incidentTable } from './incident-table.ts';

const incident: Incident = {
  incident_id: 'b7a6',
  state: 'reported',
  fingerprint: 'f',
  cluster_event: {
    cluster_name: 'west',
    labels: {},
    event: {
      faultId: 'f',
      faultType: 'CrashLoop',
      severity: 'critical',
      resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-1', namespace: 'shop' },
      timestamp: '2026-01-01T00:00:00Z',
    },
    source: 'subscription',
    received_at: '2026-01-01T00:00:00.000Z',
  },
  recurrences: 2,
  first_seen: '2026-01-01T00:00:00Z',
  last_seen: '2026-01-01T00:00:00Z',
  members: [],
  member_count: 1,
  created_at: '2026-01-01T00:00:00Z',
  finished_at: '2026-01-01T00:00:01.500Z',
  attempts: 1,
  workspace: '/incidents/b7a6',
  report: {
    title: 't',
    summary: 's',
    root_cause: 'The database refuses connections',
    confidence: 90,
    recommendations: [],
  },
};

test('incidentRow counts from the receipt of the fault to the end of the investigation', () => {
  expect(incidentRow(incident)).toMatchObject({ resource: 'Pod shop/cart-1', seconds: 1.5, confidence: 90 });
});

test('incidentRow gives the reason where there is no report', () => {
  const failed = { ...incident, state: 'agent_failed' as const, report: undefined, reason: 'timed out after 300 s' };
  expect(incidentRow(failed).root_cause).toBe('timed out after 300 s');
});

test('incidentTable shows id and state of each incident, and no colors outside of a terminal', () => {
  const waiting = incidentRow({ ...incident, state: 'queued', report: undefined, finished_at: undefined });
  const table = incidentTable([incidentRow(incident), waiting], 200);
  for (const text of [
    'b7a6',
    'reported',
    'west',
    'Pod shop/',
    'cart-1',
    'The database refuses connections',
    '90 %',
    '1.5 s',
    'queued',
    '…',
  ]) {
    expect(table).toContain(text);
  }
  expect(table).not.toContain('\u001B');
});

test('incidentTable says that a cause is not determined', () => {
  const row = incidentRow({ ...incident, determined: false });
  expect(incidentTable([row], 200)).toContain('not determined');
  expect(incidentTable([incidentRow(incident)], 200)).not.toContain('not determined');
});
