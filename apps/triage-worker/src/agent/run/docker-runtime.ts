import { AGENT_CLIS, type Settings } from '@nightcrier/core/settings/config';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { EngineClient, type Inspection, type Listed } from './engine/engine-client.ts';
import { type EngineEndpoint, engineEndpoint } from './engine/engine-endpoint.ts';
import { isNotFound } from './engine/engine-error.ts';
import { logFrames } from './engine/log-frames.ts';
import type {
  AgentContainer,
  AgentRun,
  AgentRuntime,
  InputFile,
  PrestartedSandbox,
  RunRequest,
  SandboxRequest,
  Timed,
} from '../../agent-runtime.ts';
import { INPUTS_COMPLETE } from './archive/input-archive.ts';
import {
  AGENT_DIRECTORY,
  attemptFromName,
  containerName,
  containerSpec,
  PRESTARTED,
  runLabels,
  sandboxLabels,
} from './container-spec.ts';
import { DockerRun } from './docker-run.ts';
import { createAnew, DockerSandbox } from './docker-sandbox.ts';

/** Characters of what a probe prints. */
const LONGEST_PROBE = 20_000;
/** Seconds that a container waits for the inputs of its run, while they are collected. */
const LONGEST_WAIT_FOR_INPUTS = 120;
/** Begins the name of a container that has no run yet. */
const PRESTARTED_NAME = 'nightcrier-prestarted-';
/** Seconds after which a container that was created is not started any more. */
const NEVER_STARTED_AFTER = 600;
/** Exit codes of a container that was stopped or killed from outside, or by a crash of its machine. */
const ENDED_FROM_OUTSIDE = new Set([137, 143, 255]);

const Labels = z.object({
  // One that was started before its run is known has these in its name.
  'nightcrier.incident': z.string().optional(),
  'nightcrier.attempt': z.coerce.number().int().positive().optional(),
  'nightcrier.deadline': z.coerce.number().positive().optional(),
  'nightcrier.timeout': z.coerce.number().positive().optional(),
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
    timed?: Timed,
  ): Promise<AgentRun> {
    const engine = await this.#engine();
    // Awaited by the sandbox, unless that cannot be opened.
    inputs.catch(() => undefined);
    const deadline = Math.ceil(Date.now() / 1000 + LONGEST_WAIT_FOR_INPUTS + request.timeout);
    const sockets = await socketsOf(engine, request, signal);
    const spec = containerSpec(request, runLabels(request, deadline), { wait: LONGEST_WAIT_FOR_INPUTS, sockets });
    const sandbox = await DockerSandbox.open(engine, containerName(request), spec, { signal, timed });
    return sandbox.begin(request, inputs, signal, timed);
  }

  async prestart(request: SandboxRequest, seconds: number, signal: AbortSignal): Promise<PrestartedSandbox> {
    const engine = await this.#engine();
    const labels = sandboxLabels(request);
    await removeEnded(engine, labels, signal);
    const spec = containerSpec(request, labels, { wait: seconds, sockets: await socketsOf(engine, request, signal) });
    return DockerSandbox.open(engine, `${PRESTARTED_NAME}${randomUUID()}`, spec, { signal });
  }

  async probe(request: RunRequest, script: string, signal: AbortSignal): Promise<string> {
    const engine = await this.#engine();
    const labels = { 'nightcrier.component': 'probe', 'nightcrier.instance': request.instance };
    await removeEnded(engine, labels, signal);
    const sockets = await socketsOf(engine, request, signal);
    const Cmd = ['timeout', '-s', 'KILL', String(request.timeout), 'bash', '-c', script];
    const spec = { ...containerSpec(request, labels, { wait: 0, sockets }), Cmd };
    const id = await createAnew(engine, containerName(request), spec, signal);
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
    const engine = await this.#engine();
    const listed = await engine.list([`nightcrier.instance=${instance}`], signal);
    const own = listed.filter(
      (container) => isAgent(container, incidentId) || (incidentId === undefined && isUnused(container, PRESTARTED)),
    );
    const found = await Promise.all(own.map(async ({ Id }) => inspectIfThere(engine, Id, signal)));
    const inspections = found.filter((inspection) => inspection !== undefined);
    return Promise.all(inspections.map(async (inspection) => describe(engine, inspection, signal)));
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
}

/** Removes containers with these labels that have ended unused, or were never started, of workers that died. */
async function removeEnded(engine: EngineClient, labels: Record<string, string>, signal: AbortSignal): Promise<void> {
  const { 'nightcrier.component': component, 'nightcrier.instance': instance } = labels;
  const listed = await engine.list([`nightcrier.component=${component}`, `nightcrier.instance=${instance}`], signal);
  for (const { Id } of listed.filter((container) => isUnused(container, component))) await engine.remove(Id, signal);
}

/** Returns whether a container of this component that was given to no run has ended, or was never started. */
function isUnused(container: Listed, component: string | undefined): boolean {
  if (isAgent(container) || container.Labels?.['nightcrier.component'] !== component) return false;
  const longAgo = Date.now() / 1000 - NEVER_STARTED_AFTER;
  return container.State === 'exited' || (container.State === 'created' && container.Created < longAgo);
}

/** Returns whether a container has been given to a run, of this incident if one is given. */
function isAgent({ Names, Labels: labels }: Listed, incidentId?: string): boolean {
  const component = labels?.['nightcrier.component'];
  if (
    component !== 'agent' &&
    (component !== PRESTARTED || Names.some((name) => name.startsWith(`/${PRESTARTED_NAME}`)))
  )
    return false;
  return (
    incidentId === undefined ||
    labels?.['nightcrier.incident'] === incidentId ||
    Names.some((name) => attemptFromName(name)?.incidentId === incidentId)
  );
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

/** Returns when the inputs of a container were complete; undefined before that. */
async function inputsComplete(engine: EngineClient, id: string, signal?: AbortSignal): Promise<Date | undefined> {
  return engine.modifiedAt(id, `${AGENT_DIRECTORY}/${INPUTS_COMPLETE}`, signal);
}

async function inspectIfThere(engine: EngineClient, id: string, signal?: AbortSignal): Promise<Inspection | undefined> {
  try {
    return await engine.inspect(id, signal);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function describe(
  engine: EngineClient,
  { Id: id, Name, State, Config }: Inspection,
  signal?: AbortSignal,
): Promise<AgentContainer> {
  const labels = Labels.safeParse(Config.Labels).data;
  const attempt = labels && (ownAttempt(labels) ?? attemptFromName(Name));
  const { 'nightcrier.agent': agent, 'nightcrier.deadline': latest = 0, 'nightcrier.timeout': timeout } = labels ?? {};
  const awaitsInputs = State.Running && Config.Labels?.['nightcrier.inputs'] === 'awaited';
  const complete = awaitsInputs ? await inputsComplete(engine, id, signal) : undefined;
  const deadline = complete && timeout !== undefined ? complete.getTime() + timeout * 1000 : latest * 1000;
  const run = attempt && agent && { ...attempt, agent, deadline };
  // The worker of a container that waits for its inputs has died, or will remove it: its agent has not begun.
  if (State.Running) return { id, run, state: awaitsInputs && !complete ? 'broken' : 'running' };
  // Output that the container held is gone with its end.
  const isWhole = State.Status === 'exited' && (State.OOMKilled || !ENDED_FROM_OUTSIDE.has(State.ExitCode));
  const holdsOutput = Config.Labels?.['nightcrier.output'] === 'held';
  return { id, run, state: isWhole && !holdsOutput ? 'ended' : 'broken' };
}

function ownAttempt(labels: z.infer<typeof Labels>): { incidentId: string; attempt: number } | undefined {
  const { 'nightcrier.incident': incidentId, 'nightcrier.attempt': attempt } = labels;
  return incidentId === undefined || attempt === undefined ? undefined : { incidentId, attempt };
}
