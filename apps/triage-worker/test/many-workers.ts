import { isFinal } from '@nightcrier/core/incidents/incident';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestBackend } from './backend.ts';
import { TestHarness } from './harness.ts';

export interface Crowd {
  workers: number;
  incidents: number;
  max_concurrent_agents: number;
  /** Duration of each agent, in seconds. */
  agent_seconds: number;
}

export interface CrowdFigures extends Crowd {
  reported: number;
  /** Maximum of agents at once. */
  most: number;
  /** From the first start of an agent to the end of the last. */
  seconds: number;
  books_off: string[];
}

/** Runs several worker processes on more incidents than may be investigated at once. */
export async function investigateMany(crowd: Crowd): Promise<CrowdFigures> {
  const backend = await TestBackend.start();
  const harness = await TestHarness.open(backend);
  try {
    const { workers, incidents, max_concurrent_agents, agent_seconds } = crowd;
    const config = harness.config({ max_concurrent_agents, max_agents_per_cluster: 0 }, { agent: 'takes-a-while' });
    await mkdir(config.workspace_root, { recursive: true });
    await writeFile(path.join(config.workspace_root, 'work-seconds'), String(agent_seconds));
    const ids: string[] = [];
    while (ids.length < incidents) ids.push(await harness.admit());
    // Long enough that no worker is considered dead: this measures how the work is shared.
    const lock = { lockDuration: 60_000, stalledInterval: 15_000 };
    await Promise.all(Array.from({ length: workers }, () => harness.startWorkerProcess(config, { lock })));
    const open = async (): Promise<number> =>
      (await Promise.all(ids.map((id) => harness.incident(id)))).filter(({ state }) => !isFinal(state)).length;
    const patience = performance.now() + (3 * incidents * agent_seconds * 1_000) / max_concurrent_agents + 60_000;
    while ((await open()) > 0 && performance.now() < patience) await sleep(100);
    const runs = (await readFile(path.join(config.workspace_root, 'runs'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number))
      .toSorted(([one = 0], [other = 0]) => one - other);
    let running = 0;
    let most = 0;
    for (const [, change = 0] of runs) most = Math.max(most, (running += change));
    const states = await harness.incidents.counts();
    const seconds = (runs.at(-1)?.[0] ?? 0) - (runs[0]?.[0] ?? 0);
    return { ...crowd, reported: states.reported, most, seconds, books_off: await harness.booksOff() };
  } finally {
    await harness.close();
    await backend.stop();
  }
}
