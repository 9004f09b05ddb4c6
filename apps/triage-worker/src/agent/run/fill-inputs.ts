import type { InputFile } from '../../agent-runtime.ts';
import { inputArchive } from './archive/input-archive.ts';
import { AGENT_DIRECTORY, type ContainerSpec, INPUTS_COMPLETE } from './container-spec.ts';
import type { EngineClient } from './engine/engine-client.ts';
import { EngineError, isNotFound } from './engine/engine-error.ts';

/** A created container. */
export interface Created {
  id: string;
  name: string;
  image: string;
  labels: Record<string, string>;
}

/**
 * Extracts the inputs into the volume of a container while that starts. The engine does not extract into a container that is starting,
 * so a second container, which is never started, has the same volumes.
 * @param inputs the agent waits for them
 * @throws EngineError; the signal's reason; or the rejection of `inputs`
 */
export async function fillInputs(
  engine: EngineClient,
  { id, name, image, labels }: Created,
  inputs: Promise<readonly InputFile[]>,
  signal: AbortSignal,
): Promise<void> {
  const spec = { Image: image, Cmd: ['true'], Labels: labels, HostConfig: { NetworkMode: 'none', VolumesFrom: [id] } };
  const creating = createAnew(engine, `${name}-inputs`, spec, signal);
  // What cannot be removed now is removed with the incident's other containers.
  const remove = async (): Promise<void> =>
    creating.then(async (filler) => engine.remove(filler)).catch(() => undefined);
  try {
    const [filler, archive] = await Promise.all([creating, inputs.then(withMark)]);
    await engine.putArchive(filler, AGENT_DIRECTORY, archive, signal);
  } catch (error) {
    await remove();
    throw error;
  }
  // The agent begins meanwhile.
  void remove();
}

/** The mark is the last entry, so that everything else is there when it is. */
async function withMark(files: readonly InputFile[]): Promise<Buffer> {
  return inputArchive([...files, { path: INPUTS_COMPLETE, content: Buffer.alloc(0) }]);
}

/** Creates a container. An orphaned one of an earlier run that has the name is removed. Returns its id. */
export async function createAnew(
  engine: EngineClient,
  name: string,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await engine.create(name, spec, signal);
  } catch (error) {
    if (isNotFound(error) && error instanceof EngineError && /image/i.test(error.message)) {
      const advice = `agent_image '${spec.Image}' does not exist on the engine; build it: docker build -t ${spec.Image} agent-container`;
      throw new EngineError('not_found', advice, { cause: error });
    }
    if (!(error instanceof EngineError) || error.failure !== 'conflict') throw error;
  }
  await engine.remove(name, signal);
  return engine.create(name, spec, signal);
}
