import { access, readFile, writeFile } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { harness, backend } from './file-harness.ts';
import { GatedApi } from './gated-api.ts';

const untilStarted = (id: string): Promise<void> =>
  vi.waitFor(() => access(harness.workspace(id, 'agent-pids')), { timeout: 20_000 });
const hasLooked = (id: string): Promise<boolean> =>
  access(harness.workspace(id, 'seen')).then(
    () => true,
    () => false,
  );

it('starts the script while evidence is being collected, and lets it continue when the evidence is written', async () => {
  await using api = await GatedApi.start(backend.cluster);
  await writeFile(harness.kubeconfig, api.kubeconfig);
  const id = await harness.admit();
  await harness.startWorker(harness.config({}, { agent: 'says-what-is-there' }));
  await untilStarted(id);
  expect(await hasLooked(id)).toBe(false);

  api.open();
  expect(await harness.reaches(id, 'resolved')).toMatchObject({ attempts: 1, agent: 'claude' });
  const seen = (await readFile(harness.workspace(id, 'seen'), 'utf8')).split('\n');
  expect(seen).toEqual(
    expect.arrayContaining(['incident.json', 'incident_cluster_permissions.json', 'prompt-sent.md']),
  );
  expect(seen.filter((name) => name.startsWith('01-pod'))).toHaveLength(1);
  expect(JSON.parse(await readFile(harness.workspace(id, 'evidence/index.json'), 'utf8'))).not.toHaveLength(0);
});

it('stops the waiting script when the cluster becomes unreachable, and retries later', async () => {
  await using api = await GatedApi.start(backend.cluster);
  await writeFile(harness.kubeconfig, api.kubeconfig);
  const id = await harness.admit();
  // The built-in analyser cannot report without evidence either.
  const settings = { max_attempts: 1, agent_fallback: ['builtin' as const] };
  await harness.startWorker(harness.config(settings, { agent: 'says-what-is-there' }));
  await untilStarted(id);
  api.disconnect();
  expect((await harness.reaches(id, 'failed')).reason).toMatch(
    /^gave up after 1 attempts: cluster alpha: evidence could not be collected: cannot reach/,
  );
  expect(await hasLooked(id)).toBe(false);
  const pid = Number(await readFile(harness.workspace(id, 'agent-pids'), 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

it('stops the waiting script when its worker is killed', async () => {
  await using api = await GatedApi.start(backend.cluster);
  await writeFile(harness.kubeconfig, api.kubeconfig);
  const id = await harness.admit();
  const worker = await harness.startWorkerProcess(harness.config({}, { agent: 'says-what-is-there' }));
  await untilStarted(id);
  const pid = Number(await readFile(harness.workspace(id, 'agent-pids'), 'utf8'));
  await worker.kill();
  await expect.poll(() => isThere(pid), { timeout: 10_000 }).toBe(false);
  expect(await hasLooked(id)).toBe(false);
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
