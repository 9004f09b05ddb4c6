import { silentLogger } from '@nightcrier/core/logger';
import type { Config } from '@nightcrier/core/settings/config';
import type { AgentRuntime } from '@nightcrier/triage-worker/agent-runtime';
import { IsolationProbe } from '@nightcrier/triage-worker/agent/isolation/isolation-probe';
import { engineEndpoint } from '@nightcrier/triage-worker/agent/run/engine/engine-endpoint';
import { EngineError } from '@nightcrier/triage-worker/agent/run/engine/engine-error';
import { DockerRuntime } from '@nightcrier/triage-worker/agent/run/docker/docker-runtime';
import { runRequest } from '@nightcrier/triage-worker/agent/run/run-request';
import { randomUUID } from 'node:crypto';
import type { Check, CheckContext } from '../../check.ts';
import { failed, type Finding, ok, reasonOf, skipped, warning } from '../../finding.ts';
import { agentsOf } from '../agents-of.ts';
import { limitProblems, missingPrograms, readSandbox, sandboxScript } from './sandbox-script.ts';

/** Seconds of a container that only looks around. */
const PROBE_SECONDS = 30;
const INSTANCE = 'doctor';

/** The container engine, the image of the agents with its CLIs, the limits of a container, and its isolation. */
export const engine: Check = {
  name: 'engine',
  examine: (context) => [
    { subject: context.config.agent_engine, timeoutMs: 120_000, run: async (signal) => inspect(context, signal) },
  ],
};

async function inspect(context: CheckContext, signal: AbortSignal): Promise<Finding[]> {
  const { config, environment } = context;
  const { agent_engine: name, agent_script_path } = config;
  const agents = agentsOf(config);
  if (agents.length === 0) return [skipped(name, 'no agent is configured but the built-in analyser')];
  if (agent_script_path !== undefined) return [skipped(name, `${agent_script_path} runs the agents`)];
  const runtime = new DockerRuntime({ engine: () => name, environment, workerId: INSTANCE });
  try {
    const unused = await runtime.list({ instance: INSTANCE }, signal);
    await runtime.remove(
      unused.map(({ id }) => id),
      signal,
    );
  } catch (error) {
    await runtime.close();
    return [unreachable(config, environment, error)];
  }
  try {
    const sandbox = await inspectSandbox(runtime, config, agents, signal);
    if (sandbox.some(({ state }) => state === 'failed')) return [ok(name, 'reachable'), ...sandbox];
    return [ok(name, 'reachable'), ...sandbox, await inspectIsolation(runtime, context, signal)];
  } finally {
    await runtime.close();
  }
}

function unreachable(
  { agent_engine: name }: Config,
  environment: CheckContext['environment'],
  error: unknown,
): Finding {
  const message = reasonOf(error);
  let place = 'DOCKER_HOST';
  try {
    const endpoint = engineEndpoint(name, environment);
    place = endpoint.kind === 'socket' ? endpoint.path : endpoint.origin;
  } catch {
    // The message names what is wrong with the address.
  }
  if (/EACCES|permission denied/i.test(message)) {
    return failed(
      name,
      message,
      `add this user to the group of ${place}: sudo usermod -aG $(stat -c %G ${place}) $USER`,
    );
  }
  const start = name === 'docker' ? 'sudo systemctl start docker' : 'systemctl --user start podman.socket';
  return failed(name, message, `start the engine at ${place} (${start}), or set DOCKER_HOST`);
}

async function inspectSandbox(
  runtime: AgentRuntime,
  config: Config,
  agents: readonly string[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const { agent_image: image } = config;
  const request = runRequest(
    { incidentId: `doctor-${randomUUID()}`, attempt: 1, clusterName: '' },
    { config: { ...config, agent_timeout: PROBE_SECONDS }, workerId: INSTANCE, instance: INSTANCE },
    { variables: {}, isolated: true },
  );
  let output: string;
  try {
    output = await runtime.probe(request, sandboxScript(agents), signal);
  } catch (error) {
    return [imageProblem(image, error)];
  }
  const found = readSandbox(output);
  const missing = missingPrograms(found, agents);
  const limits = limitProblems(found, request);
  return [
    missing.length > 0
      ? failed(image, `the image lacks ${missing.join(', ')}`, buildCommand(image))
      : ok(image, [...found.programs].map(([program, version]) => `${program} ${version}`).join(', ')),
    limits.length > 0
      ? warning(
          'limits',
          limits.join('; '),
          'enable the cgroup controllers memory, cpu and pids for the engine (cgroup v2)',
        )
      : ok('limits', `${config.agent_memory} memory, ${config.agent_cpus} CPUs, 512 processes`),
  ];
}

function imageProblem(image: string, error: unknown): Finding {
  const message = reasonOf(error);
  const isMissing = error instanceof EngineError && error.failure === 'not_found';
  if (isMissing) return failed(image, `the engine has no image ${image}`, buildCommand(image));
  return failed(image, `no container can be started: ${message}`, `docker run --rm ${image} true shows why`);
}

function buildCommand(image: string): string {
  const tag = image.replace(/:latest$/, '');
  return /[./].*\//.test(image) ? `docker pull ${image}` : `docker build --tag ${tag} agent-container`;
}

/** The worker's own probe. A worker that finds the same starts no agents. */
async function inspectIsolation(
  runtime: AgentRuntime,
  { config, redis }: CheckContext,
  signal: AbortSignal,
): Promise<Finding> {
  const access = await redis.access();
  const gateways = access.kind === 'open' ? access.state.gateways : { live: async () => [] };
  const board = { publish: async () => undefined, remove: async () => undefined };
  const parts = { config: () => config, runtime, gateways, board, workerId: INSTANCE, instance: INSTANCE };
  const { state, findings } = await new IsolationProbe({ ...parts, logger: silentLogger }).check(signal);
  switch (state) {
    case 'proven':
      return ok('isolation', 'a probe container reached nothing');
    case 'direct':
      return ok('isolation', 'not isolated: kube_access or llm_access is direct');
    case 'failed':
    case 'unknown': {
      const fix =
        'restart the engine without changes to its default seccomp, network and runtime; no agent runs until then';
      return failed('isolation', `a probe container found ${findings.join('; ')}`, fix);
    }
    default:
      return state satisfies never;
  }
}
