import type { Logger } from '@nightcrier/core/logger';
import { writeFileSync } from 'node:fs';

const INTERVAL_MS = 5_000;

/**
 * Writes the time to a file now and every five seconds. A health check compares the age of the file, which grows when the
 * event loop is blocked. The timer does not keep the process running; a failed write is logged.
 */
export function keepHeartbeat(file: string, logger: Logger): void {
  const beat = (): void => {
    try {
      writeFileSync(file, `${new Date().toISOString()}\n`);
    } catch (error) {
      logger.warn({ file, error }, 'heartbeat not written; the health check will fail');
    }
  };
  beat();
  setInterval(beat, INTERVAL_MS).unref();
}
