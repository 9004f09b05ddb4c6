/** Exit codes of every command and process, by the kind of failure. Those above 1 are the ones of sysexits.h. */
export const EXIT_CODES = {
  ok: 0,
  /** The command did its work, and the result is negative; or a failure of no other kind. */
  failed: 1,
  /** Unknown command or flag. */
  usage: 64,
  /** Recorded data is missing, damaged, or of a version that recorded less. */
  no_input: 66,
  /** The API, Redis, or an address to listen on is not available. */
  unavailable: 69,
  /** A defect: an error that no code handles. */
  crashed: 70,
  /** A file or directory cannot be created, or belongs to another process. */
  cannot_create: 73,
  /** The configuration is invalid. */
  configuration: 78,
} as const;
export type ExitReason = keyof typeof EXIT_CODES;

/** A failure that ends a command or process with the exit code of its reason. */
export class ExitError extends Error {
  readonly reason: ExitReason;

  constructor(reason: ExitReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExitError';
    this.reason = reason;
  }
}

/**
 * Returns what the last line of a command or process says: the exit code and, last, why it ends. An error that is no {@link ExitError}
 * is added whole, with its stack.
 */
export function lastWords(error: unknown): { error?: unknown; exit_code: number; cause: string } {
  const isExpected = error instanceof ExitError;
  return { ...(!isExpected && { error }), exit_code: exitCodeOf(error), cause: reasonOf(error) };
}

/** Joins the messages of an error and its causes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  const because = cause === undefined ? '' : reasonOf(cause);
  return because === '' || message.includes(because) ? message : `${message}: ${because}`;
}

/** Codes of system calls that fail because of a directory that the process may not use. */
const CANNOT_CREATE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR', 'EDQUOT']);

/** Returns the exit code for an error that ends a command or process. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ExitError) return EXIT_CODES[error.reason];
  if (!(error instanceof Error)) return EXIT_CODES.failed;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL') return EXIT_CODES.unavailable;
  if ('syscall' in error && CANNOT_CREATE.has(code)) return EXIT_CODES.cannot_create;
  return error.cause === undefined ? EXIT_CODES.failed : exitCodeOf(error.cause);
}
