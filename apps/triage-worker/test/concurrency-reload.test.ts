import { execa } from 'execa';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { Bench, World } from './bench.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const patient = { timeout: 30_000 };

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => world.stop());

/** A worker in a process of its own that follows its configuration file, and agents that never end. */
async function startFollower(settings: object) {
  const bench = await Bench.open(world);
  onTestFinished(() => bench.close());
  const file = path.join(bench.folder, 'nightcrier.yaml');
  const { redis, agent_cli, agent_script_path, agent_system_prompt_file, workspace_root } = bench.config(
    {},
    { agent: 'hangs' },
  );
  const write = async (changed: object): Promise<void> => {
    const clusters = [
      {
        name: 'alpha',
        mcp: { endpoint: world.cluster.mcpEndpoint },
        triage: { enabled: true, kubeconfig: bench.kubeconfig },
      },
    ];
    const agent = { agent_cli, agent_script_path, agent_system_prompt_file, agent_timeout: 300, workspace_root };
    await writeFile(`${file}.new`, stringify({ redis, ...agent, clusters, ...changed }));
    await rename(`${file}.new`, file);
  };
  await write(settings);
  const worker = execa(process.execPath, [MAIN, '--config', file], {
    cwd: bench.folder,
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
  const running = async (): Promise<number> => (await bench.incidents.counts()).investigating;
  const reload = async (changed: object): Promise<void> => {
    await write(changed);
    worker.kill('SIGHUP');
  };
  return { bench, running, reload };
}

test('more agents run at once as soon as the configuration allows it, while all of the former run', async () => {
  const unbounded = { max_agents_per_cluster: 0 };
  const { bench, running, reload } = await startFollower({ ...unbounded, max_concurrent_agents: 1 });
  for (let incident = 0; incident < 4; incident += 1) await bench.admit();
  await expect.poll(running, patient).toBe(1);
  await reload({ ...unbounded, max_concurrent_agents: 3 });
  await expect.poll(running, patient).toBe(3);
  expect(await bench.queue.getActiveCount()).toBe(3);
});

test('a higher bound of a cluster promotes what is parked, a lower one ends nothing', async () => {
  const { bench, running, reload } = await startFollower({ max_agents_per_cluster: 1, max_concurrent_agents: 10 });
  for (let incident = 0; incident < 5; incident += 1) await bench.admit();
  await expect.poll(running, patient).toBe(1);
  await expect.poll(async () => bench.queue.getDelayedCount(), patient).toBe(4);
  await reload({ max_agents_per_cluster: 3, max_concurrent_agents: 10 });
  // Sooner than the next sweep of the queue.
  await expect.poll(running, { timeout: 10_000 }).toBe(3);
  expect(await bench.slotsHeld()).toBe(3);

  await reload({ max_agents_per_cluster: 2, max_concurrent_agents: 10 });
  await bench.admit();
  await expect.poll(async () => bench.queue.getDelayedCount(), patient).toBe(3);
  expect(await running()).toBe(3);
  expect(await bench.booksOff()).toEqual([]);
});
