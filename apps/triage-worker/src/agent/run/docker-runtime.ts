import { AGENT_CLIS, type Settings } from '@nightcrier/core/settings/config';
import { z } from 'zod';
import { EngineClient, type Inspection } from './engine/engine-client.ts';
import { type EngineEndpoint, engineEndpoint } from './engine/engine-endpoint.ts';
import { isNotFound } from './engine/engine-error.ts';
import { logFrames } from './engine/log-frames.ts';
import type { AgentContainer, AgentRun, AgentRuntime, InputFile, RunRequest, Timed } from '../../agent-runtime.ts';
import { together } from '@nightcrier/core/async/together';
import {
  AGENT_DIRECTORY,
  containerName,
  containerSpec,
  INPUTS_COMPLETE,
  LONGEST_WAIT_FOR_INPUTS,
} from './container-spec.ts';
import { DockerRun } from './docker-run.ts';
import { type Created, createAnew, fillInputs } from './fill-inputs.ts';

/** Characters of what a probe prints. */
const LONGEST_PROBE = 20_000;
/** Exit codes of a container that was stopped or killed from outside, or by a crash of its machine. */
const ENDED_FROM_OUTSIDE = new Set([137, 143, 255]);

const Labels = z.object({
  'nightcrier.incident': z.string(),
  'nightcrier.attempt': z.coerce.number().int().positive(),
  'nightcrier.deadline': z.coerce.number().positive(),
  'nightcrier.agent': z.enum(AGENT_CLIS),
});

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
  readonly #options: DockerRuntimeOptions;
  #opened: { key: string; client: EngineClient } | undefined;
  #adoptions = 0;

  constructor(options: DockerRuntimeOptions) {
    this.#options = options;
  }

  async start(
    request: RunRequest,
    inputs: Promise<InputFile[]>,
    signal: AbortSignal,
    timed: Timed = async (_step, work) => work,
  ): Promise<AgentRun> {
    const engine = await this.#engine();
    // Awaited below, unless the container cannot be created.
    void inputs.catch(() => undefined);
    const container = await timed('container_create', this.#create(engine, request, signal));
    const { id, name } = container;
    try {
      await together(
        timed('container_start', engine.start(id, signal)),
        timed('container_inputs', fillInputs(engine, container, inputs, signal)),
      );
      // The agent starts now, because its inputs are there.
      const startedAt = new Date();
      const deadline = startedAt.getTime() + request.timeout * 1000;
      return new DockerRun(engine, { id, name, startedAt, deadline, holdsOutput: true });
    } catch (error) {
      // Nothing may remain, whatever failed.
      await engine.remove(id).catch(() => undefined);
      throw error;
    }
  }

  async probe(request: RunRequest, script: string, signal: AbortSignal): Promise<string> {
    const engine = await this.#engine();
    const labels = { 'nightcrier.component': 'probe', 'nightcrier.instance': request.instance };
    await this.#removeEnded(engine, labels, signal);
    const spec = containerSpec(request, 0, await socketsOf(engine, request, signal));
    const command = ['timeout', '-s', 'KILL', String(request.timeout), 'bash', '-c', script];
    const id = await createAnew(engine, containerName(request), { ...spec, Cmd: command, Labels: labels }, signal);
    try {
      await engine.start(id, signal);
      let text = '';
      for await (const { data } of logFrames(await engine.followLogs(id, signal))) {
        text = (text + data.toString('utf8')).slice(-LONGEST_PROBE);
      }
      return text;
    } finally {
      await engine.remove(id);
    }
  }

  /** Removes containers that have ended, of workers that died. */
  async #removeEnded(engine: EngineClient, labels: Record<string, string>, signal: AbortSignal): Promise<void> {
    const ids = await engine.list(
      Object.entries(labels).map(([name, value]) => `${name}=${value}`),
      signal,
    );
    for (const id of ids) {
      const inspection = await inspectIfThere(engine, id, signal);
      if (inspection?.State.Status === 'exited') await engine.remove(id, signal);
    }
  }

  async adopt({ id, run }: AgentContainer, signal: AbortSignal): Promise<AgentRun> {
    const engine = await this.#engine();
    const { State, Config, Name } = await engine.inspect(id, signal);
    const labels = Config.Labels ?? {};
    const holdsOutput = labels['nightcrier.output'] === 'held';
    // A worker that thawed finds the name changed, and leaves the container alone. The script of an earlier version would
    // not find its container, so that keeps its name.
    const original = Name.slice(1).replace(/\.[^.]*$/, '');
    const adopter = `${this.#options.workerId}-${++this.#adoptions}`.replaceAll(/[^A-Za-z0-9_-]/g, '_');
    const name = holdsOutput ? `${original}.${adopter}` : Name.slice(1);
    if (holdsOutput) await engine.rename(id, name, signal);
    const complete = await inputsComplete(engine, id, signal);
    const startedAt = new Date(Math.max(Date.parse(State.StartedAt), complete?.getTime() ?? 0));
    const timeout = Number(labels['nightcrier.timeout']);
    const deadline = Number.isFinite(timeout) ? startedAt.getTime() + timeout * 1000 : (run?.deadline ?? Date.now());
    return new DockerRun(engine, { id, name, startedAt, deadline, holdsOutput });
  }

  async list(
    { instance, incidentId }: { instance: string; incidentId?: string },
    signal?: AbortSignal,
  ): Promise<AgentContainer[]> {
    const labels = ['nightcrier.component=agent', `nightcrier.instance=${instance}`];
    if (incidentId !== undefined) labels.push(`nightcrier.incident=${incidentId}`);
    const engine = await this.#engine();
    const ids = await engine.list(labels, signal);
    const found = await Promise.all(ids.map(async (id) => inspectIfThere(engine, id, signal)));
    const containers = found.filter((inspection) => inspection !== undefined).map(describe);
    return Promise.all(containers.map(async (container) => withoutInputs(engine, container, signal)));
  }

  async remove(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    const engine = await this.#engine();
    await Promise.all(ids.map(async (id) => engine.remove(id, signal)));
  }

  async close(): Promise<void> {
    await this.#opened?.client.close();
  }

  /** Returns the client of the configured engine, another one after `agent_engine` has changed. */
  async #engine(): Promise<EngineClient> {
    const endpoint = engineEndpoint(this.#options.engine(), this.#options.environment);
    const key = JSON.stringify(endpoint satisfies EngineEndpoint);
    if (this.#opened?.key === key) return this.#opened.client;
    // Running runs keep the former one.
    this.#opened = { key, client: new EngineClient(endpoint) };
    return this.#opened.client;
  }

  async #create(engine: EngineClient, request: RunRequest, signal: AbortSignal): Promise<Created> {
    const deadline = Math.ceil(Date.now() / 1000 + LONGEST_WAIT_FOR_INPUTS + request.timeout);
    const spec = containerSpec(request, deadline, await socketsOf(engine, request, signal));
    const name = containerName(request);
    const id = await createAnew(engine, name, spec, signal);
    return { id, name, image: spec.Image, labels: spec.Labels };
  }
}

/**
 * Returns the directory or volume with the gateway's sockets. A part of a volume is mounted by its path on the engine's machine: older
 * engines ignore the option for it, and mount the whole volume.
 */
async function socketsOf(
  engine: EngineClient,
  { gatewaySockets }: RunRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (gatewaySockets?.run === undefined) return gatewaySockets?.root;
  const { root, run } = gatewaySockets;
  return `${root.startsWith('/') ? root : await engine.mountpoint(root, signal)}/${run}`;
}

/** Returns when the inputs of a container were complete; undefined before that. */
async function inputsComplete(engine: EngineClient, id: string, signal?: AbortSignal): Promise<Date | undefined> {
  return engine.modifiedAt(id, `${AGENT_DIRECTORY}/${INPUTS_COMPLETE}`, signal);
}

/** The worker of a container that waits for its inputs has died, or will remove it: its agent has not begun. */
async function withoutInputs(
  engine: EngineClient,
  { awaitsInputs, ...container }: AgentContainer & { awaitsInputs: boolean },
  signal?: AbortSignal,
): Promise<AgentContainer> {
  if (!awaitsInputs || (await inputsComplete(engine, container.id, signal))) return container;
  return { ...container, state: 'broken' };
}

async function inspectIfThere(engine: EngineClient, id: string, signal?: AbortSignal): Promise<Inspection | undefined> {
  try {
    return await engine.inspect(id, signal);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function describe({ Id: id, State, Config }: Inspection): AgentContainer & { awaitsInputs: boolean } {
  const awaitsInputs = State.Running && Config.Labels?.['nightcrier.inputs'] === 'awaited';
  const labels = Labels.safeParse(Config.Labels).data;
  const run = labels && {
    incidentId: labels['nightcrier.incident'],
    attempt: labels['nightcrier.attempt'],
    agent: labels['nightcrier.agent'],
    deadline: labels['nightcrier.deadline'] * 1000,
  };
  if (State.Running) return { id, run, state: 'running', awaitsInputs };
  // Output that the container held is gone with its end.
  const isWhole = State.Status === 'exited' && (State.OOMKilled || !ENDED_FROM_OUTSIDE.has(State.ExitCode));
  const holdsOutput = Config.Labels?.['nightcrier.output'] === 'held';
  return { id, run, state: isWhole && !holdsOutput ? 'ended' : 'broken', awaitsInputs };
}
