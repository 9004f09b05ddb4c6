import pTimeout from 'p-timeout';
import type { ContainerRemovals } from './container-removals.ts';
import type { ContainerSpec, EngineClient } from '../engine/engine-client.ts';
import { EngineError } from '../engine/engine-error.ts';

/** What creates a container. */
export interface Creation {
  engine: EngineClient;
  removals: ContainerRemovals;
  name: string;
  spec: ContainerSpec;
  /** The name is never used again. */
  isUnique?: boolean;
}

/**
 * Creates a container. An orphaned one of an earlier run that has the name is removed. Returns its id. An abort ends the wait alone: the
 * id of a container is known by the answer alone, and by its id it is removed then.
 */
export async function createAnew(
  { engine, removals, name, spec, isUnique = false }: Creation,
  signal: AbortSignal,
): Promise<string> {
  const creation = create(engine, name, spec);
  try {
    return await pTimeout(creation, { milliseconds: Infinity, signal });
  } catch (error) {
    if (signal.aborted) removals.abandon(engine, creation);
    // It may have been created although there was no answer. Another container may have the name of an attempt later.
    else if (isUnique && hasNoAnswer(error)) await removals.remove(engine, name).catch(() => undefined);
    throw error;
  }
}

async function create(engine: EngineClient, name: string, spec: ContainerSpec): Promise<string> {
  try {
    return await anew(engine, name, async () => engine.create(name, spec));
  } catch (error) {
    if (!(error instanceof EngineError) || error.failure !== 'not_found' || !/image/i.test(error.message)) throw error;
    const advice = `agent_image '${spec.Image}' does not exist on the engine; build it: docker build -t ${spec.Image} agent-container`;
    throw new EngineError('not_found', advice, { cause: error });
  }
}

function hasNoAnswer(error: unknown): boolean {
  return error instanceof EngineError && (error.failure === 'unreachable' || error.failure === 'timed_out');
}

/** Renames a container. An orphaned one of an earlier run that has the name is removed. */
export async function nameAnew(engine: EngineClient, id: string, name: string, signal: AbortSignal): Promise<void> {
  await anew(engine, name, async () => engine.rename(id, name, signal), signal);
}

async function anew<Result>(
  engine: EngineClient,
  name: string,
  take: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  try {
    return await take();
  } catch (error) {
    if (!(error instanceof EngineError) || error.failure !== 'conflict') throw error;
  }
  await engine.remove(name, signal);
  return take();
}
