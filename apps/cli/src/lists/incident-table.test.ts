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
  for (const text of ['b7a6', 'reported', 'west', 'Pod shop/', 'cart-1', 't', '90 %', '1.5 s', 'queued', '…']) {
    expect(table).toContain(text);
  }
  expect(table).not.toContain('\u001B');
});

test('incidentTable says that a cause is not determined', () => {
  const row = incidentRow({ ...incident, determined: false });
  expect(incidentTable([row], 200)).toContain('not determined');
  expect(incidentTable([incidentRow(incident)], 200)).not.toContain('not determined');
});

test.each([80, 100, 120, 200])(
  'at %i columns, no line is longer than the terminal, and the cause can be read',
  (width) => {
    const source = incident.cluster_event;
    const resource = { ...source.event.resource, namespace: 'payments', name: 'statement-renderer-kd9279252b-2jqkc' };
    const report = {
      ...incident.report!,
      title: 'statement-renderer was killed for its memory: limit of 128Mi (OOMKilled)',
      diagnosis: {
        version: 1,
        determined: true,
        hypotheses: [{ cause: 'oom_limit' as const, culprit: { kind: 'Pod', name: 'x' }, confidence: 90, title: 't' }],
      },
    };
    const event = { ...source.event, resource };
    const clusterEvent = { ...source, cluster_name: 'westeu-cluster1', event };
    const lines = incidentTable([incidentRow({ ...incident, cluster_event: clusterEvent, report })], width).split('\n');
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(lines[1]).toContain(width === 200 ? report.title : 'oom_limit');
  },
);
