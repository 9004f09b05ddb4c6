import type { Logger } from '@nightcrier/core/logger';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import pino from 'pino';
import pretty, { type PrettyOptions, prettyFactory } from 'pino-pretty';
import { surviveClosedReader } from './closed-reader.ts';
import { escapeControls, escapeLogLine } from './terminal-text.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const READABLE: PrettyOptions = { colorize: true, ignore: 'pid,hostname,process', translateTime: 'SYS:HH:MM:ss' };

/** Where several parts share the log. */
const SHARED: PrettyOptions = {
  ...READABLE,
  messageFormat: (line, key) => `${textOf(line.process).padEnd(13)} | ${textOf(line[key])}`,
};

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A logger whose level can change while the process runs. */
export interface RootLogger extends Logger {
  /** Applies to this logger and to all its children. */
  setLevel(level: LogLevel): void;
}

/**
 * Creates the logger of a process: JSON lines on standard error, readable lines if that is a terminal. Standard output is
 * for the output of commands. A reader that goes away (`up 2>&1 | head`) ends the log, not the process.
 * @param processName undefined where several parts share the process: each adds its own `process` by `child`
 */
export function createLogger(
  processName: string | undefined,
  level: LogLevel,
  stream: NodeJS.WritableStream & { isTTY?: boolean } = process.stderr,
): RootLogger {
  // Child loggers of pino copy the level when they are created, so a later change is checked here.
  let threshold = pino.levels.values[level] ?? 0;
  const options: pino.LoggerOptions = {
    level: 'debug',
    hooks: {
      logMethod(fields, method, lineLevel) {
        if (lineLevel >= threshold) method.apply(this, fields);
      },
      // Errors of libraries can repeat what they were given.
      streamWrite: (line) => (stream.isTTY ? escapeLogLine(hideSecrets(line)) : hideSecrets(line)),
    },
    base: processName === undefined ? {} : { process: processName },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: describeError },
  };
  surviveClosedReader(stream);
  const readable = processName === undefined ? SHARED : READABLE;
  const logger = stream.isTTY
    ? pino(options, pretty({ ...readable, destination: stream, sync: true }))
    : pino(options, stream);
  return Object.assign(logger, {
    setLevel: (changed: LogLevel) => {
      threshold = pino.levels.values[changed] ?? threshold;
    },
  });
}

/** Omits `command`: an error of ioredis carries the arguments of its command, such as unredacted reports. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { ...pino.stdSerializers.err(error), command: undefined };
}

const readable = prettyFactory({ ...READABLE, singleLine: true });

/** Formats a JSON log line of another process for reading; escapes control characters in any line. */
export function readableLogLine(line: string): string {
  return line.startsWith('{') ? readable(escapeLogLine(line)).trimEnd() : escapeControls(line);
}
