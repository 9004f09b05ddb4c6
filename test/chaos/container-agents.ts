import { randomUUID } from 'node:crypto';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPORT } from '../fixtures/obedient-agent.ts';
import { excessOf } from './agents.ts';

/** Between two counts, ms. An agent takes longer. */
const INTERVAL_MS = 200;

/**
 * Returns the prompt, which is the script of the agent. It works as a process whose command line names its incident.
 * @param mark in its command line, before incident and cluster
 */
const behaviour = (mark: string): string => `
field() { sed -n "s/.*\\"$1\\": *\\"\\([^\\"]*\\)\\".*/\\1/p" incident.json | head -n 1; }
bash -c 'sleep "$((2 + RANDOM % 3))"; true' ${mark} "$(field incident_id)" "$(field cluster_name)"
cat > output/investigation.md <<'END_OF_REPORT'
${REPORT}END_OF_REPORT
exit
`;

/** What the agents in containers do, by the processes of this machine: it does not ask the system or the engine. */
export class ContainerAgents {
  /** Of the prompt, for `agent_system_prompt_file`. */
  readonly prompt: string;
  /** Most agents at once. */
  most = 0;
  /** Tells the agents of this run from those of others on this machine. */
  readonly #mark: string;
  readonly #overlaps = new Set<string>();
  readonly #ending = new AbortController();
  #running: { incident: string; cluster: string }[] = [];
  readonly #counting: Promise<void>;

  private constructor(prompt: string, mark: string) {
    this.prompt = prompt;
    this.#mark = mark;
    this.#counting = this.#count();
  }

  static async open(folder: string): Promise<ContainerAgents> {
    const prompt = path.join(folder, 'agent.md');
    const mark = `chaos-agent-${randomUUID()}`;
    await writeFile(prompt, behaviour(mark));
    return new ContainerAgents(prompt, mark);
  }

  /** Returns the clusters of the agents that run now. */
  async running(): Promise<string[]> {
    return (await runningAgents(this.#mark)).map(({ cluster }) => cluster);
  }

  /** Returns which limits are exceeded now. */
  async excess(): Promise<string[]> {
    return excessOf(this.#running.map(({ cluster }) => cluster));
  }

  /** Returns none: an agent outlives its worker, and the next one adopts it. */
  async runs(): Promise<Map<string, never[]>> {
    return new Map();
  }

  /** Returns the incidents that two agents investigated at once. */
  async overlaps(): Promise<string[]> {
    return [...this.#overlaps];
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#counting;
  }

  async #count(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      this.#running = await runningAgents(this.#mark);
      this.most = Math.max(this.most, this.#running.length);
      const byIncident = Map.groupBy(this.#running, ({ incident }) => incident);
      for (const [incident, all] of byIncident) if (all.length > 1) this.#overlaps.add(incident);
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Returns the agents of a run among the processes of this machine. */
async function runningAgents(mark: string): Promise<{ incident: string; cluster: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => agentIn(pid, mark)));
  // An agent that forks has a child of the same command line for a moment, in its own container.
  return [
    ...new Map(found.flatMap((agent) => (agent ? [[`${agent.incident} ${agent.container}`, agent]] : []))).values(),
  ];
}

async function agentIn(
  pid: string,
  mark: string,
): Promise<{ incident: string; cluster: string; container: string } | undefined> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    const at = words.indexOf(mark);
    const [incident = '', cluster = ''] = words.slice(at + 1);
    if (at <= 0 || words[0] !== 'bash') return undefined;
    return { incident, cluster, container: await readlink(`/proc/${pid}/ns/pid`) };
  } catch {
    // It has ended.
    return undefined;
  }
}
