import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeWorkspace, workspaceOf, writeIncident } from './workspace.ts';

const fault: FaultEvent = {
  faultId: 'f1',
  faultType: 'CrashLoop',
  severity: 'critical',
  resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-abc', namespace: 'shop' },
  timestamp: '2026-01-02T03:04:00Z',
};

const incident: Incident = {
  incident_id: 'b0a4cf4c-6a3f-4f26-8b0e-5a0f2f1d9c11',
  state: 'investigating',
  fingerprint: 'f1',
  cluster_event: {
    cluster_name: 'alpha',
    environment: 'production',
    labels: { team: 'shop' },
    source: 'subscription',
    received_at: '2026-01-02T03:04:05Z',
    event: fault,
  },
  recurrences: 2,
  first_seen: '2026-01-02T03:04:05Z',
  last_seen: '2026-01-02T03:04:05Z',
  members: [{ ...fault, received_at: '2026-01-02T03:04:05Z' }],
  member_count: 50,
  created_at: '2026-01-02T03:04:05Z',
  attempts: 1,
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'workspaces-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it("writes the incident for the agent, for nobody but the worker's user to read", async () => {
  const workspace = makeWorkspace(path.join(root, 'new/root'), incident.incident_id);
  writeIncident(workspace, incident, undefined);
  expect(workspace.directory).toBe(path.join(root, 'new/root', incident.incident_id));
  expect((await stat(workspace.directory)).mode & 0o777).toBe(0o700);

  const file = path.join(workspace.directory, 'incident.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    incident_id: incident.incident_id,
    cluster_name: 'alpha',
    environment: 'production',
    labels: { team: 'shop' },
    fault: incident.cluster_event.event,
    recurrences: 2,
    member_count: 50,
    members: [{ fault_id: 'f1', resource: fault.resource, severity: 'critical', received_at: '2026-01-02T03:04:05Z' }],
    received_at: '2026-01-02T03:04:05Z',
    attempt: 1,
  });
});

it('gives each attempt an output of its own and keeps the ones before', async () => {
  for (const attempt of [1, 2, 3]) {
    const workspace = makeWorkspace(root, incident.incident_id);
    writeIncident(workspace, { ...incident, attempts: attempt }, undefined);
    await expect(access(path.join(workspace.output, 'investigation.md'))).rejects.toThrow('ENOENT');
    await writeFile(path.join(workspace.output, 'investigation.md'), `report ${attempt}`);
    await writeFile(path.join(workspace.logs, 'agent.log'), `log ${attempt}`);
  }
  const { directory } = workspaceOf(root, incident.incident_id);
  const read = (file: string): Promise<string> => readFile(path.join(directory, file), 'utf8');
  expect(await read('attempts/1/output/investigation.md')).toBe('report 1');
  expect(await read('attempts/2/output/investigation.md')).toBe('report 2');
  expect(await read('attempts/2/logs/agent.log')).toBe('log 2');
  expect(await read('output/investigation.md')).toBe('report 3');
});

it.each(['../escape', '..', 'a/b', '', '.hidden', 'a\0b', 'x'.repeat(200)])('refuses %j as an incident id', (id) => {
  expect(() => workspaceOf(root, id)).toThrow(RangeError);
});
