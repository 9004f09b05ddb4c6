import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import { type Retention, sweepWorkspaces } from './sweep-workspaces.ts';

const INTERVAL_MS = 3_600_000;

/**
 * Sweeps the workspaces at the start of the worker, every hour, and when it is woken.
 * @param retention gives the current settings at each sweep
 */
export function workspaceSweeper(retention: () => Omit<Retention, 'signal'>): BackgroundLoop {
  const { logger } = retention();
  return new BackgroundLoop(
    async (signal) => {
      const removed = await sweepWorkspaces({ ...retention(), signal });
      if (removed.length > 0) logger.info({ workspaces: removed.length }, 'removed workspaces past their retention');
    },
    {
      interval: INTERVAL_MS,
      onError: (error) => logger.warn({ error }, 'workspaces could not be swept; trying again in an hour'),
    },
  );
}
