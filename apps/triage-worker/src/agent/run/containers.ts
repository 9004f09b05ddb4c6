import { AGENT_CLIS, type Settings } from '@nightcrier/core/settings/config';
import { execa } from 'execa';
import { z } from 'zod';
import { engineEnvironment } from './script-environment.ts';

/** An engine that does not answer at once will be missed by the script, too, which can say so. */
const ENGINE_TIMEOUT_MS = 30_000;

/** How to reach the container engine. */
export interface EngineAccess {
  config: Pick<Settings, 'agent_engine'>;
  /** The worker's. */
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

/** A container of an agent, as its labels and the engine tell. */
export interface AgentContainer {
  id: string;
  /** Undefined: the labels are not ours, or not whole. */
  run:
    | { incidentId: string; attempt: number; agent: z.infer<typeof Labels>['nightcrier.agent']; deadline: number }
    | undefined;
  /** `broken`: it never ran, or something outside of it ended it, so what it left may be half a report. */
  state: 'running' | 'ended' | 'broken';
}

/**
 * The containers of agents that an installation has on this engine, running or not.
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
  // One that has gone since makes the exit code another than 0; the others are still told.
  const { stdout } = await ask(access, ['inspect', '--type', 'container', ...ids.split('\n')], { reject: false });
  return Inspection.array().parse(JSON.parse(stdout)).map(read);
}

/** Ends and removes containers. */
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

/** Exit codes of a container that was stopped or killed from outside, or went down with its machine. */
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

/** Past its deadline, run-agent.sh and `timeout` in the container get this long to end it themselves, in ms. */
export const DEADLINE_GRACE_MS = 30_000;
