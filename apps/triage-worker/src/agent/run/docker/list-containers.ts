import { AGENT_CLIS } from '@nightcrier/core/settings/config';
import { z } from 'zod';
import type { AgentContainer, ListedContainers } from '../../../agent-runtime.ts';
import { INPUTS_COMPLETE } from '../archive/input-archive.ts';
import { attemptFromName, isOfRun, isUnused } from './container-labels.ts';
import { AGENT_DIRECTORY } from './container-spec.ts';
import type { EngineClient, Listed } from '../engine/engine-client.ts';
import { isNotFound } from '../engine/engine-error.ts';

/** Exit codes of a container that was stopped or killed from outside, or by a crash of its machine. */
export const ENDED_FROM_OUTSIDE = new Set([137, 143, 255]);

const Labels = z.object({
  // One that was started before its run is known has these in its name.
  'nightcrier.incident': z.string().optional(),
  'nightcrier.attempt': z.coerce.number().int().positive().optional(),
  'nightcrier.deadline': z.coerce.number().positive().default(0),
  'nightcrier.timeout': z.coerce.number().positive().default(0),
  'nightcrier.agent': z.enum(AGENT_CLIS),
});

/** See {@link AgentRuntime.list}. @throws EngineError */
export async function listContainers(
  engine: EngineClient,
  { instance, incidentId, workers }: ListedContainers,
  signal?: AbortSignal,
): Promise<AgentContainer[]> {
  const listed = await engine.list([`nightcrier.instance=${instance}`], signal);
  const own = listed.filter(
    (container) => isOfRun(container, incidentId) || (incidentId === undefined && isUnused(container, workers)),
  );
  return Promise.all(own.map(async (container) => describe(engine, container, signal)));
}

async function describe(engine: EngineClient, container: Listed, signal?: AbortSignal): Promise<AgentContainer> {
  const { Id: id, Names, State, Labels: all } = container;
  const name = Names[0]?.slice(1) ?? id;
  const holdsOutput = all?.['nightcrier.output'] === 'held';
  const isRunning = State === 'running' || State === 'paused';
  const begun = isRunning && holdsOutput ? await inputsComplete(engine, id, signal) : undefined;
  const labels = Labels.safeParse(all).data;
  const attempt = labels && (ownAttempt(labels) ?? attemptFromName(name));
  const {
    'nightcrier.agent': agent,
    'nightcrier.deadline': latest = 0,
    'nightcrier.timeout': timeout = 0,
  } = labels ?? {};
  const deadline = begun && timeout > 0 ? begun.getTime() + timeout * 1000 : latest * 1000;
  const run = attempt && agent && { ...attempt, agent, startedAt: deadline - timeout * 1000, deadline };
  const described = { id, name, run, holdsOutput };
  // The worker of a container that waits for its inputs has died, or will remove it: its agent has not begun.
  if (isRunning) return { ...described, state: holdsOutput && !begun ? 'broken' : 'running' };
  // Output that the container held is gone with its end.
  return { ...described, state: !holdsOutput && (await endedByItself(engine, id, signal)) ? 'ended' : 'broken' };
}

/** Returns when the inputs of a container were complete; undefined before that. */
async function inputsComplete(engine: EngineClient, id: string, signal?: AbortSignal): Promise<Date | undefined> {
  return engine.modifiedAt(id, `${AGENT_DIRECTORY}/${INPUTS_COMPLETE}`, signal);
}

function ownAttempt(labels: z.infer<typeof Labels>): { incidentId: string; attempt: number } | undefined {
  const { 'nightcrier.incident': incidentId, 'nightcrier.attempt': attempt } = labels;
  return incidentId === undefined || attempt === undefined ? undefined : { incidentId, attempt };
}

async function endedByItself(engine: EngineClient, id: string, signal?: AbortSignal): Promise<boolean> {
  try {
    const { State } = await engine.inspect(id, signal);
    return State.Status === 'exited' && (State.OOMKilled || !ENDED_FROM_OUTSIDE.has(State.ExitCode));
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
