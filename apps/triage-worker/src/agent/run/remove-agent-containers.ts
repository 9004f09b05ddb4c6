import type { TriageContext } from '../../triage-context.ts';
import { usesEngine } from '../../roster.ts';
import { listContainers, removeContainers } from './containers.ts';

/** Longest time for both calls of the engine, ms. */
const TIMEOUT_MS = 30_000;

/**
 * Removes the containers of an incident that is cancelled: of an agent whose worker died, or whose script was killed before
 * it removed its container. Never rejects; the container sweeper removes what is missed here.
 */
export async function removeAgentContainers(
  incidentId: string,
  { config, environment, instance, logger }: Pick<TriageContext, 'config' | 'environment' | 'instance' | 'logger'>,
): Promise<void> {
  if (!usesEngine(config)) return;
  const access = { config, environment, signal: AbortSignal.timeout(TIMEOUT_MS) };
  try {
    const containers = (await listContainers(access, { instance, incidentId })).map(({ id }) => id);
    await removeContainers(access, containers);
    if (containers.length > 0) logger.info({ containers }, 'containers of cancelled incident removed');
  } catch (error) {
    // The message alone: an error of a subprocess carries more than belongs in a log.
    const message = error instanceof Error ? error.message : String(error);
    logger.warn({ error: message }, 'containers of cancelled incident not removed; container sweeper will retry');
  }
}
