import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPORT } from '../fixtures/obedient-agent.ts';
import { excessOf } from './agents.ts';

/** In the command line of an agent, before its incident and its cluster. */
const MARK = 'chaos-agent';
/** Between two counts, ms. An agent takes longer. */
const INTERVAL_MS = 200;

/** The prompt, which is the script of the agent. It works as a process whose command line names its incident. */
const BEHAVIOUR = `
field() { sed -n "s/.*\\"$1\\": *\\"\\([^\\"]*\\)\\".*/\\1/p" incident.json | head -n 1; }
bash -c 'sleep "$((2 + RANDOM % 3))"; true' ${MARK} "$(field incident_id)" "$(field cluster_name)"
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
  readonly #overlaps = new Set<string>();
  readonly #ending = new AbortController();
  #running: { incident: string; cluster: string }[] = [];
  readonly #counting: Promise<void>;

  private constructor(prompt: string) {
    this.prompt = prompt;
    this.#counting = this.#count();
  }

  static async open(folder: string): Promise<ContainerAgents> {
    const prompt = path.join(folder, 'agent.md');
    await writeFile(prompt, BEHAVIOUR);
    return new ContainerAgents(prompt);
  }

  /** Returns the clusters of the agents that run now. */
  async running(): Promise<string[]> {
    return (await runningAgents()).map(({ cluster }) => cluster);
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
      this.#running = await runningAgents();
      this.most = Math.max(this.most, this.#running.length);
      const byIncident = Map.groupBy(this.#running, ({ incident }) => incident);
      for (const [incident, all] of byIncident) if (all.length > 1) this.#overlaps.add(incident);
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Returns the agents among the processes of this machine. */
async function runningAgents(): Promise<{ incident: string; cluster: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map(async (pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.flatMap((command) => {
    const words = command.split('\0');
    const at = words.indexOf(MARK);
    const [incident = '', cluster = ''] = words.slice(at + 1);
    return at > 0 && words[0] === 'bash' ? [{ incident, cluster }] : [];
  });
}
