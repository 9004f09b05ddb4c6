import { execa } from 'execa';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { TestBackend } from './backend.ts';
import { TestHarness } from './harness.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const patient = { timeout: 60_000 };

let backend: TestBackend;
beforeAll(async () => {
  backend = await TestBackend.start();
});
afterAll(async () => backend.stop());

/** Starts a worker process that reloads its configuration file, with agents that never end. */
async function startFollower(settings: object) {
  const harness = await TestHarness.open(backend);
  onTestFinished(() => harness.close());
  const file = path.join(harness.folder, 'nightcrier.yaml');
  const { redis, workspace_root, ...config } = harness.config({}, { agent: 'hangs' });
  const { agent_cli, agent_script_path, agent_system_prompt_file, kube_access, llm_access } = config;
  const write = async (changed: object): Promise<void> => {
    const clusters = [
      {
        name: 'alpha',
        mcp: { endpoint: backend.cluster.mcpEndpoint },
        triage: { enabled: true, kubeconfig: harness.kubeconfig },
      },
    ];
    const agent = { agent_cli, agent_script_path, agent_system_prompt_file, agent_timeout: 300 };
    const access = { kube_access, llm_access };
    await writeFile(`${file}.new`, stringify({ redis, workspace_root, ...agent, ...access, clusters, ...changed }));
    await rename(`${file}.new`, file);
  };
  await write(settings);
  const worker = execa(process.execPath, [MAIN, '--config', file], {
    cwd: harness.folder,
    ipc: true,
    reject: false,
    buffer: false,
    stdout: 'ignore',
    stderr: 'ignore',
  });
  onTestFinished(async () => {
    worker.kill('SIGKILL');
    await worker;
  });
  await worker.getOneMessage();
  const running = async (): Promise<number> => (await harness.incidents.counts()).investigating;
  const reload = async (changed: object): Promise<void> => {
    await write(changed);
    worker.kill('SIGHUP');
  };
  return { harness, running, reload };
}

test('a higher max_concurrent_agents starts further agents while the worker is full', async () => {
  const unbounded = { max_agents_per_cluster: 0 };
  const { harness, running, reload } = await startFollower({ ...unbounded, max_concurrent_agents: 1 });
  for (let incident = 0; incident < 4; incident += 1) await harness.admit();
  await expect.poll(running, patient).toBe(1);
  await reload({ ...unbounded, max_concurrent_agents: 3 });
  await expect.poll(running, patient).toBe(3);
  expect(await harness.queue.getActiveCount()).toBe(3);
});

test('a higher max_agents_per_cluster promotes parked incidents, a lower one stops none', async () => {
  const { harness, running, reload } = await startFollower({ max_agents_per_cluster: 1, max_concurrent_agents: 10 });
  for (let incident = 0; incident < 5; incident += 1) await harness.admit();
  await expect.poll(running, patient).toBe(1);
  await expect.poll(async () => harness.queue.getDelayedCount(), patient).toBe(4);
  await reload({ max_agents_per_cluster: 3, max_concurrent_agents: 10 });
  // Before the next sweep of the queue.
  await expect.poll(running, { timeout: 30_000 }).toBe(3);
  expect(await harness.slotsHeld()).toBe(3);

  await reload({ max_agents_per_cluster: 2, max_concurrent_agents: 10 });
  await harness.admit();
  await expect.poll(async () => harness.queue.getDelayedCount(), patient).toBe(3);
  expect(await running()).toBe(3);
  expect(await harness.booksOff()).toEqual([]);
});
