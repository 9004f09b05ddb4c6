import type { Logger } from '@nightcrier/core/logger';
import { writeFileSync } from 'node:fs';

const INTERVAL_MS = 5_000;

/**
 * Writes the time to a file, now and every five seconds, for as long as the event loop turns: a health check of any
 * kind of process needs no more than the file's age. It keeps no process alive, and a file that cannot be written ends
 * none.
 */
export function keepHeartbeat(file: string, logger: Logger): void {
  const beat = (): void => {
    try {
      writeFileSync(file, `${new Date().toISOString()}\n`);
    } catch (error) {
      logger.warn({ file, error }, 'heartbeat cannot be written; the health check will fail');
    }
  };
  beat();
  setInterval(beat, INTERVAL_MS).unref();
}
