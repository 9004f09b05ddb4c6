import type { Logger } from '@nightcrier/core/logger';
import pino from 'pino';
import pretty from 'pino-pretty';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * The log of one process: JSON lines on standard error, or readable lines where that is a terminal. Standard output is
 * left to what a command prints.
 */
export function createLogger(processName: string, level: LogLevel, stream = process.stderr): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: { process: processName },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  };
  return stream.isTTY
    ? pino(options, pretty({ destination: stream, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }))
    : pino(options, stream);
}
