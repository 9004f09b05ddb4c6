import { usesEngine } from '../../roster.ts';
import type { TriageContext } from '../../triage-context.ts';

/** Longest time for both calls of the engine, ms. */
const TIMEOUT_MS = 30_000;

/**
 * Removes the containers of an incident that is cancelled: of an agent whose worker died, or that could not be removed when
 * its run was stopped. Never rejects; the container sweeper removes what is missed here.
 */
export async function removeAgentContainers(
  incidentId: string,
  { config, runtime, instance, logger }: Pick<TriageContext, 'config' | 'runtime' | 'instance' | 'logger'>,
): Promise<void> {
  if (!usesEngine(config)) return;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const containers = (await runtime.list({ instance, incidentId }, signal)).map(({ id }) => id);
    await runtime.remove(containers, signal);
    if (containers.length > 0) logger.info({ containers }, 'containers of cancelled incident removed');
  } catch (error) {
    logger.warn({ error }, 'containers of cancelled incident not removed; container sweeper will retry');
  }
}
