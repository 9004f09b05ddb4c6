import { type IncidentState, isFinal } from '@nightcrier/core/incidents/incident';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestBackend } from './backend.ts';
import { TestHarness } from './harness.ts';

/** Results of the incidents while workers were killed. */
interface KillFigures {
  kills: number;
  incidents: number;
  /** Incidents by final state. */
  states: Record<string, number>;
  /** Incidents that two agents investigated at once. */
  overlaps: number;
  /** Maximum of active jobs, and the limit. */
  most_active: number;
  limit: number;
  /** Slots still held at the end. */
  slots_held: number;
  active: number;
  books_off: string[];
}

const ENGINE = path.join(import.meta.dirname, 'fixtures/engine');
const LIMIT = 3;
const WORKERS = 2;
const PATIENCE_MS = 180_000;

/**
 * Kills workers with SIGKILL, each at a random time, while incidents arrive, and starts others. The agents are real processes
 * that outlive their worker, as containers do; the stand-in engine lists and removes them.
 */
export async function killWorkers(kills: number, progress: (text: string) => void = () => undefined) {
  const backend = await TestBackend.start();
  const harness = await TestHarness.open(backend);
  const searchPath = process.env.PATH;
  process.env.PATH = `${ENGINE}:${searchPath}`;
  try {
    const config = harness.config(
      { max_concurrent_agents: LIMIT, max_agents_per_cluster: LIMIT, max_attempts: 20, global_queue_size: 100_000 },
      { agent: 'holds-a-lock' },
    );
    const start = (): ReturnType<TestHarness['startWorkerProcess']> => harness.startWorkerProcess(config);
    const workers = await Promise.all(Array.from({ length: WORKERS }, start));
    const ids: string[] = [];
    let most_active = 0;
    const ended = new AbortController();
    const watching = (async () => {
      while (!ended.signal.aborted) {
        most_active = Math.max(most_active, await harness.queue.getActiveCount());
        await sleep(5);
      }
    })();
    for (let kill = 0; kill < kills; kill += 1) {
      ids.push(await harness.admit(), await harness.admit());
      await sleep(Math.random() * 400);
      const victim = Math.floor(Math.random() * workers.length);
      await workers[victim]?.kill();
      workers[victim] = await start();
      if (kill % 10 === 9) progress(`${kill + 1} workers killed`);
    }
    const statesNow = (): Promise<IncidentState[]> =>
      Promise.all(ids.map(async (id) => (await harness.incident(id)).state));
    await untilZero(async () => (await statesNow()).filter((state) => !isFinal(state)).length);
    const states = await statesNow();
    const slots_held = await untilZero(() => harness.slotsHeld());
    const active = await untilZero(() => harness.queue.getActiveCount());
    ended.abort();
    await watching;
    const overlaps = await readFile(path.join(harness.folder, 'overlaps'), 'utf8').catch(() => '');
    return {
      kills,
      incidents: ids.length,
      states: Object.fromEntries(
        Map.groupBy(states, (state) => state)
          .entries()
          .map(([s, all]) => [s, all.length]),
      ),
      overlaps: overlaps.split('\n').length - 1,
      most_active,
      limit: LIMIT,
      slots_held,
      active,
      books_off: await harness.booksOff(),
    } satisfies KillFigures;
  } finally {
    process.env.PATH = searchPath;
    await harness.close();
    await backend.stop();
  }
}

/** Waits until the count is 0; returns the count at the end. A benchmark has no `vi` to wait with. */
async function untilZero(count: () => Promise<number>): Promise<number> {
  const end = Date.now() + PATIENCE_MS;
  let remaining = await count();
  while (remaining > 0 && Date.now() < end) {
    await sleep(100);
    remaining = await count();
  }
  return remaining;
}
