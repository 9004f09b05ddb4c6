import type { ContainerSpec, EngineClient } from '../engine/engine-client.ts';
import { EngineError } from '../engine/engine-error.ts';

/** Creates a container. An orphaned one of an earlier run that has the name is removed. Returns its id. */
export async function createAnew(
  engine: EngineClient,
  name: string,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await anew(engine, name, async () => engine.create(name, spec, signal), signal);
  } catch (error) {
    if (!(error instanceof EngineError) || error.failure !== 'not_found' || !/image/i.test(error.message)) throw error;
    const advice = `agent_image '${spec.Image}' does not exist on the engine; build it: docker build -t ${spec.Image} agent-container`;
    throw new EngineError('not_found', advice, { cause: error });
  }
}

/** Renames a container. An orphaned one of an earlier run that has the name is removed. */
export async function nameAnew(engine: EngineClient, id: string, name: string, signal: AbortSignal): Promise<void> {
  await anew(engine, name, async () => engine.rename(id, name, signal), signal);
}

async function anew<Result>(
  engine: EngineClient,
  name: string,
  take: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  try {
    return await take();
  } catch (error) {
    if (!(error instanceof EngineError) || error.failure !== 'conflict') throw error;
  }
  await engine.remove(name, signal);
  return take();
}
