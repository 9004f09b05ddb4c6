/**
 * The logger interface of the packages; pino satisfies it. Messages are constants; everything that varies is a field.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** Returns a logger that adds `fields` to every line. */
  child(fields: object): Logger;
}

/** Discards all messages. For callers without a log, such as one-shot commands. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
