import type { FaultEvent } from '@nightcrier/core/faults/fault';
import type { Incident } from '@nightcrier/core/incidents/incident';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freshOutput, makeWorkspace, workspaceOf, writeIncident } from './workspace.ts';

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

it("writes the incident readable by the worker's user alone", async () => {
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

it.each([
  ['a new attempt', {}],
  ['an adopted run', { resume: true }],
])('closes a workspace directory that existed with mode 0755 to other users: %s', async (_, options) => {
  const directory = path.join(root, incident.incident_id);
  await mkdir(directory, { mode: 0o755 });
  // mkdir is subject to the umask of the test.
  await chmod(directory, 0o755);
  makeWorkspace(root, incident.incident_id, options);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});

it('creates its directories and archives without access for other users', async () => {
  const { directory, evidence, output, logs } = makeWorkspace(root, incident.incident_id);
  const again = makeWorkspace(root, incident.incident_id);
  freshOutput(again);
  const archives = ['attempts', 'attempts/1', 'attempts/2'].map((name) => path.join(directory, name));
  for (const created of [evidence, output, logs, ...archives])
    expect({ created, mode: (await stat(created)).mode & 0o777 }).toEqual({ created, mode: 0o700 });
});

it('keeps output, logs and evidence of a run that is adopted', async () => {
  const { evidence, output, logs } = makeWorkspace(root, incident.incident_id);
  const files = [evidence, output, logs].map((part) => path.join(part, 'file'));
  for (const file of files) await writeFile(file, '');
  makeWorkspace(root, incident.incident_id, { resume: true });
  for (const file of files) expect(await readFile(file, 'utf8')).toBe('');
});

it("archives a failed agent's output and logs, and keeps the evidence for the next agent", async () => {
  const workspace = makeWorkspace(root, incident.incident_id);
  for (const part of [workspace.evidence, workspace.output, workspace.logs])
    await writeFile(path.join(part, 'file'), '');
  freshOutput(workspace);
  await access(path.join(workspace.evidence, 'file'));
  for (const part of [workspace.output, workspace.logs]) expect(await readdir(part)).toEqual([]);
  expect((await readdir(path.join(workspace.directory, 'attempts/1'))).toSorted()).toEqual(['logs', 'output']);
});

it('gives each attempt its own output and archives the earlier ones', async () => {
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
