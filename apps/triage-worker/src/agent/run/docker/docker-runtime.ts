import type { Settings } from '@nightcrier/core/settings/config';
import { randomUUID } from 'node:crypto';
import pTimeout from 'p-timeout';
import type {
  AgentContainer,
  AgentRun,
  AgentRuntime,
  InputFile,
  ListedContainers,
  PrestartedSandbox,
  RunRequest,
  SandboxRequest,
  Timed,
} from '../../../agent-runtime.ts';
import { containerName, PRESTARTED_NAME, prestartedLabels, probeLabels, runLabels } from './container-labels.ts';
import { containerSpec } from './container-spec.ts';
import { ContainerRemovals } from './container-removals.ts';
import { DockerRun } from './docker-run.ts';
import { createAnew } from './create-container.ts';
import { DockerSandbox } from './docker-sandbox.ts';
import { EngineClient } from '../engine/engine-client.ts';
import { type EngineEndpoint, engineEndpoint } from '../engine/engine-endpoint.ts';
import { logFrames } from '../engine/log-frames.ts';
import { PodmanClient } from '../engine/podman-client.ts';
import { listContainers } from './list-containers.ts';

/** Characters of what a probe prints. */
const LONGEST_PROBE = 20_000;
/** Seconds that a container waits for the inputs of its run, while they are collected. */
const LONGEST_WAIT_FOR_INPUTS = 120;

export interface DockerRuntimeOptions {
  /** Returns the current setting. */
  engine: () => Settings['agent_engine'];
  /** Of the worker: where the engine is. */
  environment: Record<string, string | undefined>;
  /** Names this worker in the container of a run that it adopts. */
  workerId: string;
}

/** Runs agents in containers of a Docker or Podman engine, local or remote, by the engine's API alone. */
export class DockerRuntime implements AgentRuntime {
  /** Names this runtime on the containers that it prestarts; unlike the id of a worker, no other has it. */
  readonly token = randomUUID();
  readonly #options: DockerRuntimeOptions;
  readonly #removals = new ContainerRemovals();
  #opened: { key: string; first: EngineClient; client: Promise<EngineClient> } | undefined;
  #adoptions = 0;

  constructor(options: DockerRuntimeOptions) {
    this.#options = options;
  }

  async start(
    request: RunRequest,
    inputs: Promise<InputFile[]>,
    signal: AbortSignal,
    timed?: Timed,
  ): Promise<AgentRun> {
    // Awaited by the sandbox, unless that cannot be opened.
    inputs.catch(() => undefined);
    const deadline = Math.ceil(Date.now() / 1000 + LONGEST_WAIT_FOR_INPUTS + request.timeout);
    const { engine, spec } = await this.#specify(
      request,
      runLabels(request, deadline),
      LONGEST_WAIT_FOR_INPUTS,
      signal,
    );
    const removals = this.#removals;
    const sandbox = await DockerSandbox.open(
      { engine, removals, name: containerName(request), spec },
      { signal, timed },
    );
    return sandbox.begin(request, inputs, signal, timed);
  }

  async prestart(request: SandboxRequest, seconds: number, signal: AbortSignal): Promise<PrestartedSandbox> {
    const labels = prestartedLabels(request, this.token);
    const { engine, spec } = await this.#specify(request, labels, seconds, signal);
    const name = `${PRESTARTED_NAME}${randomUUID()}`;
    return DockerSandbox.open({ engine, removals: this.#removals, name, spec, isUnique: true }, { signal });
  }

  async probe(request: RunRequest, script: string, signal: AbortSignal): Promise<string> {
    const { engine, spec } = await this.#specify(request, probeLabels(request), 0, signal);
    const Cmd = ['timeout', '-s', 'KILL', String(request.timeout), 'bash', '-c', script];
    const removals = this.#removals;
    const id = await createAnew({ engine, removals, name: containerName(request), spec: { ...spec, Cmd } }, signal);
    try {
      await engine.start(id, signal);
      let text = '';
      for await (const { data } of logFrames(await engine.followLogs(id, signal))) {
        text = (text + data.toString('utf8')).slice(-LONGEST_PROBE);
      }
      return text;
    } finally {
      await removals.remove(engine, id);
    }
  }

  async adopt({ id, name, run, holdsOutput }: AgentContainer, signal: AbortSignal): Promise<AgentRun> {
    const engine = await this.#engine(signal);
    const { startedAt = Date.now(), deadline = Date.now() } = run ?? {};
    const adopted = { id, name, startedAt, deadline, holdsOutput };
    // The script of version 0.1 would not find its container by another name.
    if (!holdsOutput) return new DockerRun(engine, adopted);
    // A worker that was suspended finds the name changed, and leaves the container alone.
    const adopter = `${this.#options.workerId}-${++this.#adoptions}`.replaceAll(/[^A-Za-z0-9_-]/g, '_');
    adopted.name = `${name.replace(/\.[^.]*$/, '')}.${adopter}`;
    await engine.rename(id, adopted.name, signal);
    return new DockerRun(engine, adopted);
  }

  async list(of: ListedContainers, signal?: AbortSignal): Promise<AgentContainer[]> {
    return listContainers(await this.#engine(signal), of, signal);
  }

  async remove(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    const engine = await this.#engine(signal);
    await Promise.all(ids.map(async (id) => engine.remove(id, signal)));
  }

  async close(): Promise<void> {
    await this.#removals.close();
    // Ends the question that the client waits for.
    await this.#opened?.first.close();
    const client = await this.#opened?.client.catch(() => undefined);
    await client?.close();
  }

  /** @param wait seconds that the container waits for its inputs */
  async #specify(request: SandboxRequest, labels: Record<string, string>, wait: number, signal: AbortSignal) {
    const engine = await this.#engine(signal);
    return {
      engine,
      spec: containerSpec(request, labels, { wait, sockets: await socketsOf(engine, request, signal) }),
    };
  }

  /** Returns the client of the configured engine, another one after `agent_engine` has changed. Running runs keep the former one. */
  async #engine(signal?: AbortSignal): Promise<EngineClient> {
    const endpoint = engineEndpoint(this.#options.engine(), this.#options.environment);
    const key = JSON.stringify(endpoint);
    if (this.#opened?.key !== key) {
      const first = new EngineClient(endpoint);
      const opened = { key, first, client: fitting(first, endpoint) };
      this.#opened = opened;
      opened.client.catch(() => {
        if (this.#opened === opened) this.#opened = undefined;
      });
    }
    // Others wait for the same engine: an abort ends the wait alone.
    return pTimeout(this.#opened.client, { milliseconds: Infinity, ...(signal && { signal }) });
  }
}

/** Returns the client that fits the engine: one of Docker may have been led to Podman's socket. @throws EngineError */
async function fitting(first: EngineClient, endpoint: EngineEndpoint): Promise<EngineClient> {
  const components = await first.components();
  if (!components.includes('Podman Engine')) return first;
  await first.close();
  return new PodmanClient(endpoint);
}

/**
 * Returns the directory or volume with the gateway's sockets. A part of a volume is mounted by its path on the engine's machine: older
 * engines ignore the option for it, and mount the whole volume.
 */
async function socketsOf(
  engine: EngineClient,
  { gatewaySockets }: SandboxRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (gatewaySockets?.run === undefined) return gatewaySockets?.root;
  const { root, run } = gatewaySockets;
  return `${root.startsWith('/') ? root : await engine.mountpoint(root, signal)}/${run}`;
}
