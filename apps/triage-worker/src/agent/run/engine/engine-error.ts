/** What went wrong with a call to the container engine. */
export type EngineFailure =
  /** Nothing listens, the connection broke, or TLS failed. */
  | 'unreachable'
  /** It did not answer in time. */
  | 'timed_out'
  /** The container, image or network does not exist. */
  | 'not_found'
  /** The name is taken, or the container is in another state. */
  | 'conflict'
  /** Any other answer that is no success. */
  | 'refused';

/** A call to the container engine failed. The message names the call and has the engine's words. */
export class EngineError extends Error {
  readonly failure: EngineFailure;

  constructor(failure: EngineFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.failure = failure;
  }
}

/** Returns whether an error means that what was asked for is gone. */
export function isNotFound(error: unknown): boolean {
  return error instanceof EngineError && error.failure === 'not_found';
}
