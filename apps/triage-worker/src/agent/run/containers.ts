import { AGENT_CLIS, type Settings } from '@nightcrier/core/settings/config';
import { execa } from 'execa';
import { z } from 'zod';
import { engineEnvironment } from './script-environment.ts';

/** The script reports an engine that stays unavailable. */
const ENGINE_TIMEOUT_MS = 30_000;

/** How to reach the container engine. */
export interface EngineAccess {
  config: Pick<Settings, 'agent_engine'>;
  /** Environment of the worker. */
  environment: Record<string, string | undefined>;
  signal: AbortSignal;
}

const Labels = z.object({
  'nightcrier.incident': z.string(),
  'nightcrier.attempt': z.coerce.number().int().positive(),
  'nightcrier.deadline': z.coerce.number().positive(),
  'nightcrier.agent': z.enum(AGENT_CLIS),
});
const Inspection = z.object({
  Id: z.string(),
  State: z.object({ Status: z.string(), ExitCode: z.number(), OOMKilled: z.boolean().default(false) }),
  Config: z.object({ Labels: z.record(z.string(), z.string()) }),
});

/** A container of an agent, by its labels and its state in the engine. */
export interface AgentContainer {
  id: string;
  /** Undefined if labels are missing or invalid. */
  run:
    | { incidentId: string; attempt: number; agent: z.infer<typeof Labels>['nightcrier.agent']; deadline: number }
    | undefined;
  /** `broken`: it never ran, or was killed from outside, so its report may be incomplete. */
  state: 'running' | 'ended' | 'broken';
}

/**
 * Lists the agent containers of an installation on this engine, running or not.
 * @throws ExecaError when the engine does not answer
 */
export async function listContainers(
  access: EngineAccess,
  { instance, incidentId }: { instance: string; incidentId?: string },
): Promise<AgentContainer[]> {
  const labels = ['nightcrier.component=agent', `nightcrier.instance=${instance}`];
  if (incidentId !== undefined) labels.push(`nightcrier.incident=${incidentId}`);
  const filters = labels.flatMap((label) => ['--filter', `label=${label}`]);
  const { stdout: ids } = await ask(access, ['ps', '--all', '--quiet', '--no-trunc', ...filters]);
  if (ids === '') return [];
  // If one was removed meanwhile, the exit code is not 0, and stdout has the others.
  const { stdout } = await ask(access, ['inspect', '--type', 'container', ...ids.split('\n')], { reject: false });
  return Inspection.array().parse(JSON.parse(stdout)).map(read);
}

/** Kills and removes containers. */
export async function removeContainers(access: EngineAccess, ids: string[]): Promise<void> {
  if (ids.length > 0) await ask(access, ['rm', '--force', ...ids]);
}

async function ask(
  { config, environment, signal }: EngineAccess,
  words: string[],
  { reject = true } = {},
): Promise<{ stdout: string }> {
  const env = engineEnvironment(environment);
  const options = { env, extendEnv: false, cancelSignal: signal, timeout: ENGINE_TIMEOUT_MS, reject };
  return execa(config.agent_engine, words, options);
}

/** Exit codes of a container that was stopped or killed from outside, or by a crash of its machine. */
const ENDED_FROM_OUTSIDE = new Set([137, 143, 255]);

function read({ Id: id, State, Config }: z.infer<typeof Inspection>): AgentContainer {
  const labels = Labels.safeParse(Config.Labels).data;
  const run = labels && {
    incidentId: labels['nightcrier.incident'],
    attempt: labels['nightcrier.attempt'],
    agent: labels['nightcrier.agent'],
    deadline: labels['nightcrier.deadline'] * 1000,
  };
  if (State.Status === 'running') return { id, run, state: 'running' };
  const whole = State.Status === 'exited' && (State.OOMKilled || !ENDED_FROM_OUTSIDE.has(State.ExitCode));
  return { id, run, state: whole ? 'ended' : 'broken' };
}

/** Time after the deadline for run-agent.sh and `timeout` in the container to stop it themselves, in ms. */
export const DEADLINE_GRACE_MS = 30_000;
