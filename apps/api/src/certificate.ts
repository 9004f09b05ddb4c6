import { ExitError } from '@nightcrier/runtime/exit-code';
import type { Logger } from '@nightcrier/core/logger';
import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

/** `api.tls` */
export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

interface Pair extends SecureContextOptions {
  cert: string;
  key: string;
}

const INTERVAL_MS = 5_000;

/**
 * The certificate that the API serves. Its files are read again every few seconds, so that a renewed one is used for the connections that
 * follow. A pair that does not fit together is not used: while the files are replaced, or after a mistake.
 */
export class Certificate {
  readonly #files: CertificateFiles;
  readonly #logger: Logger;
  readonly #interval: number;
  #current: Pair;
  /** How often in a row the files could not be used. */
  #refusals = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(files: CertificateFiles, pair: Pair, logger: Logger, interval: number) {
    this.#files = files;
    this.#current = pair;
    this.#logger = logger;
    this.#interval = interval;
  }

  /** @throws Error that names the files when they cannot be used */
  static async read(files: CertificateFiles, logger: Logger, interval = INTERVAL_MS): Promise<Certificate> {
    try {
      return new Certificate(files, await readPair(files), logger, interval);
    } catch (cause) {
      throw unusable(files, cause);
    }
  }

  /** What a server is created with. */
  get options(): Pair {
    return this.#current;
  }

  /** Renews the certificate of a server from now on. */
  renew(server: Server): void {
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(async () => this.#check(server));
    }, this.#interval);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #check(server: Server): Promise<void> {
    try {
      const pair = await readPair(this.#files);
      this.#refusals = 0;
      if (pair.cert === this.#current.cert && pair.key === this.#current.key) return;
      server.setSecureContext(pair);
      this.#current = pair;
      this.#logger.info({ cert_file: this.#files.certFile }, 'certificate renewed');
    } catch (cause) {
      this.#refusals += 1;
      // The first time, the files may be about to be replaced one after the other.
      if (this.#refusals === 2) this.#logger.error({ error: unusable(this.#files, cause) }, 'certificate not renewed');
    }
  }
}

/** @throws Error when a file cannot be read, or the key does not belong to the certificate */
async function readPair({ certFile, keyFile }: CertificateFiles): Promise<Pair> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  const pair = { cert, key, minVersion: 'TLSv1.2' } as const;
  createSecureContext(pair);
  // A context without a key is no error: that of a file which is just being written, and is empty.
  createPrivateKey(key);
  return pair;
}

function unusable({ certFile, keyFile }: CertificateFiles, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ExitError('configuration', `api.tls: ${certFile} and ${keyFile} cannot be used: ${why}`, { cause });
}
