import type { Duplex } from 'node:stream';
import { together } from '@nightcrier/core/async/together';
import type { AgentRun, InputFile, PrestartedSandbox, RunRequest, Timed } from '../../../agent-runtime.ts';
import { environmentFile, inputArchive, INPUTS_COMPLETE } from '../archive/input-archive.ts';
import { containerName } from './container-labels.ts';
import { AGENT_DIRECTORY, BEGIN } from './container-spec.ts';
import { createAnew, type Creation, nameAnew } from './create-container.ts';
import type { ContainerRemovals } from './container-removals.ts';
import { DockerRun } from './docker-run.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import { EngineError } from '../engine/engine-error.ts';

export const untimed: Timed = async (_step, work) => work;

/**
 * A container that runs, and waits at its standard input for an agent to begin. The engine closes that input when this worker dies, and the
 * container ends. It is used for one run at most.
 */
export class DockerSandbox implements PrestartedSandbox {
  readonly #engine: EngineClient;
  readonly #removals: ContainerRemovals;
  readonly #id: string;
  readonly #name: string;
  readonly #stdin: Duplex;
  #isWaiting = true;

  private constructor({ engine, removals, name }: Creation, id: string, stdin: Duplex) {
    this.#engine = engine;
    this.#removals = removals;
    this.#id = id;
    this.#name = name;
    this.#stdin = stdin;
    const end = (): void => {
      this.#isWaiting = false;
    };
    // The engine sends nothing; reading shows that it has closed the connection.
    stdin.on('error', end).on('end', end).on('close', end).resume();
  }

  /** Creates and starts a container. @throws EngineError, or the signal's reason; what remains then is removed later */
  static async open(
    creation: Creation,
    { signal, timed = untimed }: { signal: AbortSignal; timed?: Timed | undefined },
  ): Promise<DockerSandbox> {
    const { engine, removals } = creation;
    const id = await timed('container_create', createAnew(creation, signal));
    let stdin: Duplex | undefined;
    try {
      // First, so that a worker that dies now leaves no container that waits.
      stdin = await engine.attachStdin(id, signal);
      await timed('container_start', engine.start(id, signal));
      return new DockerSandbox(creation, id, stdin);
    } catch (error) {
      // The engine keeps the connection to a container that was never started.
      stdin?.destroy();
      await removals.remove(engine, id).catch(() => undefined);
      throw error;
    }
  }

  /** Whether its container still waits. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  async begin(
    request: RunRequest,
    inputs: Promise<InputFile[]>,
    signal: AbortSignal,
    timed: Timed = untimed,
  ): Promise<AgentRun> {
    const name = containerName(request);
    try {
      const renamed = name === this.#name ? undefined : nameAnew(this.#engine, this.#id, name, signal);
      const [files] = await together(inputs, Promise.resolve(renamed));
      // The mark is the last entry, so that everything else is there when it is.
      const mark = { path: INPUTS_COMPLETE, content: Buffer.alloc(0) };
      const archive = await inputArchive([...files, environmentFile(request), mark]);
      await timed('container_inputs', this.#engine.putArchive(this.#id, AGENT_DIRECTORY, archive, signal));
      if (!this.#isWaiting) throw new EngineError('conflict', `the container ${name} ended before its agent began`);
      this.#stdin.end(`${BEGIN}\n`);
      const startedAt = Date.now();
      const deadline = startedAt + request.timeout * 1000;
      return new DockerRun(this.#engine, { id: this.#id, name, startedAt, deadline, holdsOutput: true });
    } catch (error) {
      // Nothing may remain, whatever failed.
      await this.remove().catch(() => undefined);
      throw error;
    }
  }

  async remove(): Promise<void> {
    this.#stdin.destroy();
    await this.#removals.remove(this.#engine, this.#id);
  }
}
