import type { Logger } from '@nightcrier/core/logger';
import { execa } from 'execa';

/** An engine that does not answer at once will be missed by the script, too, which can say so. */
const ENGINE_TIMEOUT_MS = 30_000;

/**
 * Removes the containers that earlier attempts at an incident left behind: one whose worker was killed runs on until its
 * own deadline. It cannot touch this attempt's files, but it costs memory and money, so a failure here stops nothing.
 * @param environment of the engine's client
 */
export async function removeLeftovers(
  engine: string,
  incidentId: string,
  { environment, signal, logger }: { environment: Record<string, string>; signal: AbortSignal; logger: Logger },
): Promise<void> {
  const options = { env: environment, extendEnv: false, cancelSignal: signal, timeout: ENGINE_TIMEOUT_MS };
  const ours = ['label=nightcrier.component=agent', `label=nightcrier.incident=${incidentId}`];
  try {
    const filters = ours.flatMap((filter) => ['--filter', filter]);
    const { stdout: ids } = await execa(engine, ['ps', '--all', '--quiet', ...filters], { ...options, lines: true });
    if (ids.length === 0) return;
    await execa(engine, ['rm', '--force', ...ids], options);
    logger.warn({ containers: ids }, 'removed containers that an earlier attempt had left');
  } catch (error) {
    signal.throwIfAborted();
    // The message alone: an error of a subprocess carries more than belongs in a log.
    logger.warn(
      { error: error instanceof Error ? error.message : String(error) },
      'could not look for containers of earlier attempts',
    );
  }
}
