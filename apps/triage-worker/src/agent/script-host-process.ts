/** The process that {@link file://./script-host.ts} starts. */
import { execa } from 'execa';
import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import type { FromHost, HostedResult, HostedScript, ToHost } from './script-host.ts';

const cancels = new Map<number, AbortController>();

async function run(script: HostedScript, cancelSignal: AbortSignal): Promise<HostedResult> {
  // The script writes straight into the files: a descendant that outlives it holds no pipe that we would wait for.
  const [stdout, stderr] = [outputTo(script.stdout), outputTo(script.stderr)];
  try {
    const { exitCode, signal, timedOut, isCanceled, code } = await execa(script.script, script.arguments, {
      cwd: script.directory,
      env: script.environment,
      extendEnv: false,
      stdin: 'ignore',
      stdout,
      stderr,
      timeout: script.timeout,
      cancelSignal,
      forceKillAfterDelay: script.killGrace,
      killDescendants: true,
      // It outlives this process, as its container does.
      cleanup: false,
      reject: false,
    });
    return { exitCode, signal, timedOut, isCanceled, code };
  } finally {
    stdout.close();
    stderr.close();
  }
}

/** Throws at once where a stream by itself would fail later. */
function outputTo(file: string): WriteStream {
  return createWriteStream(file, { fd: openSync(file, 'w', 0o600) });
}

async function begin(id: number, script: HostedScript): Promise<void> {
  const cancel = new AbortController();
  cancels.set(id, cancel);
  const answer = await run(script, cancel.signal).then(
    (result): FromHost => ({ run: id, result }),
    ({ message, code, syscall }: NodeJS.ErrnoException): FromHost => ({ run: id, error: { message, code, syscall } }),
  );
  cancels.delete(id);
  process.send?.(answer);
}

process.on('message', (message: ToHost) => {
  if ('begin' in message) void begin(message.run, message.begin);
  else cancels.get(message.run)?.abort();
});
process.once('disconnect', () => process.exit(0));
