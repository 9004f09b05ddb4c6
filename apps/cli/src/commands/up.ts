import { createLogger } from '@nightcrier/runtime/process/logger';
import { loadConfig } from '@nightcrier/runtime/configuration/load-config';
import { stopSignal } from '@nightcrier/runtime/process/stop-signal';
import { printLogLines } from '../log-lines.ts';
import { startSystem } from '../system.ts';

/**
 * `nightcrier up`: runs all processes on this machine until SIGTERM or SIGINT, or until one of them ends.
 * @returns the exit code
 */
export async function up(flags: Record<string, string>): Promise<number> {
  const { config, file, warnings } = await loadConfig({ flags, environment: process.env });
  const logger = createLogger('up', config.log_level);
  for (const warning of warnings) logger.warn({ file, warning }, 'configuration warning');
  const stopping = stopSignal();
  const system = await startSystem({
    config,
    arguments: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    logger,
    onLine: printLogLines(process.stderr),
  });
  // Each process reads the changed file itself.
  process.on('SIGHUP', () => system.signal('SIGHUP'));
  logger.info(
    { api: `http://${config.api.host}:${config.api.port}`, clusters: config.clusters.length },
    'system started',
  );
  const cause = await Promise.race([stopping, system.broken]);
  logger.info({ cause }, 'system stopping');
  await system.stop();
  return cause === 'SIGTERM' || cause === 'SIGINT' ? 0 : 1;
}
