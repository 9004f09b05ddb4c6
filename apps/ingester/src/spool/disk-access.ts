import type { Logger } from '@nightcrier/core/logger';

export interface DiskAccessOptions {
  /** `spool_dir` */
  directory: string;
  /** Wait after a failure until the disk is tried again, ms. */
  retry: number;
  onRecovered: () => void;
  logger: Logger;
  now?: () => number;
}

type DiskState =
  | { readonly kind: 'working' }
  | { readonly kind: 'failed'; readonly error: string; readonly retryAt: number };

/** Access to the disk under the spool. After a failure the disk is not tried for a while, and faults stay in memory. */
export class DiskAccess {
  readonly #options: DiskAccessOptions;
  readonly #now: () => number;
  #state: DiskState = { kind: 'working' };

  constructor(options: DiskAccessOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** The failure that the disk has not recovered from. */
  get error(): string | undefined {
    return this.#state.kind === 'failed' ? this.#state.error : undefined;
  }

  /** Makes the next access try the disk, however recently it failed. */
  retryNow(): void {
    if (this.#state.kind === 'failed') this.#state = { ...this.#state, retryAt: 0 };
  }

  /**
   * Returns the result of `access`; undefined when it failed, or was not tried so soon after a failure.
   * @param what past participle for the error: `written`, `read`
   */
  try<T>(what: string, access: () => T): T | undefined {
    const { directory, retry } = this.#options;
    if (this.#state.kind === 'failed' && this.#now() < this.#state.retryAt) return undefined;
    try {
      const result = access();
      this.#move({ kind: 'working' });
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const failure = `spool_dir ${directory} cannot be ${what}: ${message}`;
      this.#move({ kind: 'failed', error: failure, retryAt: this.#now() + retry });
      return undefined;
    }
  }

  #move(next: DiskState): void {
    const { directory, onRecovered, logger } = this.#options;
    const from = this.#state.kind;
    this.#state = next;
    if (from === next.kind) return;
    if (next.kind === 'failed') {
      const fields = { spool_dir: directory, error: next.error };
      logger.error(fields, 'spool in memory only: make spool_dir writable, or free space');
      return;
    }
    logger.info({ spool_dir: directory }, 'spool on disk again');
    onRecovered();
  }
}
