import { copyFile, glob, mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Agents at once, over all workers and of one cluster. */
export const AGENT_LIMITS = { total: 3, perCluster: 2 };

const SCRIPT = path.join(import.meta.dirname, 'agent.sh');

/** Times are in ms since the epoch. */
export interface AgentRun {
  start: number;
  /** Missing where it was killed. */
  end?: number;
  /** `nightcrier.worker` of its labels. */
  worker: string;
}

/** What the agents of a run did, by their own records: it does not ask the system. */
export class AgentRecords {
  /** Of the script, for `agent_script_path`. */
  readonly script: string;
  readonly #folder: string;
  /** Most agents at once. */
  most = 0;

  private constructor(folder: string) {
    this.#folder = path.join(folder, 'agents');
    this.script = path.join(folder, 'agent.sh');
  }

  static async open(folder: string): Promise<AgentRecords> {
    const records = new AgentRecords(folder);
    await mkdir(records.#folder);
    await copyFile(SCRIPT, records.script);
    return records;
  }

  /** Returns the clusters of the agents that run now. An agent holds the lock of its incident: its pid may be that of a namespace. */
  async running(): Promise<string[]> {
    const held = await heldInodes();
    const clusters: string[] = [];
    for await (const file of glob(path.join(this.#folder, '*.running'))) {
      const cluster = await readFile(file, 'utf8').catch(() => '');
      const lock = await stat(file.replace(/running$/, 'lock')).catch(() => undefined);
      if (cluster !== '' && lock && held.has(lock.ino)) clusters.push(cluster.trim());
    }
    return clusters;
  }

  /** Returns which limits are exceeded now. */
  async excess(): Promise<string[]> {
    const running = await this.running();
    this.most = Math.max(this.most, running.length);
    return excessOf(running);
  }

  /** Returns the runs of agents by incident, in the order of their starts. */
  async runs(): Promise<Map<string, AgentRun[]>> {
    const read = async (name: string): Promise<[at: number, incident: string, worker: string][]> => {
      const text = await readFile(path.join(this.#folder, name), 'utf8').catch(() => '');
      return text.split('\n').flatMap((line) => {
        const [seconds, incident, worker = ''] = line.split(' ');
        return incident === undefined ? [] : [[Number(seconds) * 1000, incident, worker]];
      });
    };
    const ends = await read('ends');
    const runs = (await read('starts')).map(
      ([start, incident, worker], index, starts): AgentRun & { incident: string } => {
        const next = starts.find(([, other], at) => at > index && other === incident)?.[0] ?? Number.POSITIVE_INFINITY;
        const end = ends.find(([at, other]) => other === incident && at >= start && at < next)?.[0];
        return { incident, worker, start, ...(end !== undefined && { end }) };
      },
    );
    return Map.groupBy(runs, ({ incident }) => incident);
  }

  /** Does nothing: the agents write the records. */
  async close(): Promise<void> {
    await Promise.resolve();
  }

  /** Returns the incidents that two agents investigated at once. */
  async overlaps(): Promise<string[]> {
    const text = await readFile(path.join(this.#folder, 'overlaps'), 'utf8').catch(() => '');
    return text.split('\n').filter((id) => id !== '');
  }
}

/** Returns which limits are exceeded. @param running clusters of the agents that run */
export function excessOf(running: readonly string[]): string[] {
  const all = running.length > AGENT_LIMITS.total ? [`${running.length} agents run at once`] : [];
  const ofClusters = [...Map.groupBy(running, (cluster) => cluster)]
    .filter(([, agents]) => agents.length > AGENT_LIMITS.perCluster)
    .map(([cluster, agents]) => `${agents.length} agents of ${cluster} run at once`);
  return [...all, ...ofClusters];
}

/** Returns the inodes of the files with a lock. */
async function heldInodes(): Promise<Set<number>> {
  const locks = await readFile('/proc/locks', 'utf8');
  return new Set(Array.from(locks.matchAll(/ FLOCK .* [\da-f]+:[\da-f]+:(\d+) /g), ([, inode]) => Number(inode)));
}
