import type { Logger } from '@nightcrier/core/logger';
import pino from 'pino';
import pretty, { type PrettyOptions, prettyFactory } from 'pino-pretty';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const READABLE: PrettyOptions = { colorize: true, ignore: 'pid,hostname,process', translateTime: 'SYS:HH:MM:ss' };

/** The logger of a process, whose level can change while it runs. */
export interface RootLogger extends Logger {
  /** Applies to this logger and to all its children. */
  setLevel(level: LogLevel): void;
}

/**
 * The log of one process: JSON lines on standard error, or readable lines where that is a terminal. Standard output is
 * left to what a command prints.
 */
export function createLogger(
  processName: string,
  level: LogLevel,
  stream: NodeJS.WritableStream & { isTTY?: boolean } = process.stderr,
): RootLogger {
  // Children of a pino logger copy its level when they are made, so the level is checked here.
  let threshold = pino.levels.values[level] ?? 0;
  const options: pino.LoggerOptions = {
    level: 'debug',
    hooks: {
      logMethod(fields, method, lineLevel) {
        if (lineLevel >= threshold) method.apply(this, fields);
      },
    },
    base: { process: processName },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: describeError },
  };
  const logger = stream.isTTY
    ? pino(options, pretty({ ...READABLE, destination: stream, sync: true }))
    : pino(options, stream);
  return Object.assign(logger, {
    setLevel: (changed: LogLevel) => {
      threshold = pino.levels.values[changed] ?? threshold;
    },
  });
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
