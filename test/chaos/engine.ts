import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNoDocker } from '../fixtures/agent-image.ts';
import { buildObedientAgent } from '../fixtures/obedient-agent.ts';
import { PrivateEngine } from '../fixtures/private-engine.ts';

/** For the last containers to be removed, ms. */
const REMOVAL_MS = 30_000;
const FORMAT = '{{.Names}}: {{.State}}';

export interface EngineSetup {
  /** Containers outlive the engine; without it, they end with it. */
  liveRestore: boolean;
}

/** Returns why there is no engine for a run, undefined if there is. */
export async function whyNoEngine(): Promise<string | undefined> {
  return (await whyNoDocker()) ?? (process.getuid?.() === 0 ? undefined : 'an engine of its own needs root');
}

/** The container engine of a run, with the image of its agents. */
export class ChaosEngine {
  readonly #engine: PrivateEngine;
  readonly #folder: string;
  readonly #image: string;

  private constructor(engine: PrivateEngine, folder: string, image: string) {
    this.#engine = engine;
    this.#folder = folder;
    this.#image = image;
  }

  static async start(setup: EngineSetup): Promise<ChaosEngine> {
    // The path of a Unix socket is short.
    const folder = await mkdtemp(path.join(tmpdir(), 'e-'));
    const engine = new PrivateEngine(folder, setup);
    await engine.start();
    const image = await buildObedientAgent();
    await engine.load(image);
    return new ChaosEngine(engine, folder, image);
  }

  /** Where the workers find it. */
  get environment(): Record<string, string> {
    return { DOCKER_HOST: this.#engine.host, HOME: this.#folder };
  }

  /** Of the configuration. */
  get settings(): object {
    return { agent_image: this.#image, agent_network: 'none', agent_memory: '256m' };
  }

  async start(): Promise<void> {
    await this.#engine.start();
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#engine.stop(signal);
  }

  /** Returns the containers that are neither in use by a worker nor wait for a run of one. @param workers most that may wait */
  async unrest(workers: number): Promise<string[]> {
    const { stdout, failed, shortMessage } = await this.#engine.docker('ps', '--all', '--format', FORMAT);
    if (failed) return [`the engine does not answer: ${shortMessage}`];
    const containers = stdout.split('\n').filter((line) => line !== '');
    const waiting = containers.filter((line) => /^nightcrier-prestarted-\S+: running$/.test(line));
    const others = containers.filter((line) => !waiting.includes(line));
    return [...others, ...waiting.slice(workers)].map((one) => `the container ${one}`);
  }

  /** Returns the containers that remain. The engine itself leaves volumes, of containers that it refused while it stopped. */
  async remaining(): Promise<string[]> {
    for (const limit = performance.now() + REMOVAL_MS; ;) {
      const { stdout } = await this.#engine.docker('ps', '--all', '--format', FORMAT);
      const containers = stdout.split('\n').filter((line) => line !== '');
      if (containers.length === 0 || performance.now() > limit) return containers.map((one) => `the container ${one}`);
      await sleep(500);
    }
  }

  async close(): Promise<void> {
    await this.#engine.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
