import type { Logger } from '@nightcrier/core/logger';
import pino from 'pino';
import pretty, { type PrettyOptions, prettyFactory } from 'pino-pretty';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const READABLE: PrettyOptions = { colorize: true, ignore: 'pid,hostname,process', translateTime: 'SYS:HH:MM:ss' };

/**
 * The log of one process: JSON lines on standard error, or readable lines where that is a terminal. Standard output is
 * left to what a command prints.
 */
export function createLogger(
  processName: string,
  level: LogLevel,
  stream: NodeJS.WritableStream & { isTTY?: boolean } = process.stderr,
): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: { process: processName },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: describeError },
  };
  return stream.isTTY ? pino(options, pretty({ ...READABLE, destination: stream, sync: true })) : pino(options, stream);
}

/** Without `command`: an error of Redis takes along what it was asked, which can be reports and what clusters say, unredacted. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { ...pino.stdSerializers.err(error), command: undefined };
}

const readable = prettyFactory({ ...READABLE, singleLine: true });

/** A JSON log line of another process as a person reads it; anything else as it is. */
export function readableLogLine(line: string): string {
  return line.startsWith('{') ? readable(line).trimEnd() : line;
}
