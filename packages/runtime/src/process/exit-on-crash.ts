import type { Logger } from '@nightcrier/core/logger';
import { EXIT_CODES, lastWords } from '../exit-code.ts';

/** Logs an error that no code handles and ends the process. Node would print the error as it is, with what it contains. */
export function exitOnCrash(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    logger.error({ ...lastWords(error), exit_code: EXIT_CODES.crashed }, 'process crashed');
    process.exit(EXIT_CODES.crashed);
  });
}
