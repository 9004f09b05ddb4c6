/** The process that {@link file://./script-host.ts} starts. */
import { execa } from 'execa';
import { createWriteStream, openSync } from 'node:fs';
import type { FromHost, HostedResult, HostedScript, ToHost } from './script-host.ts';

const cancels = new Map<number, AbortController>();

async function run(script: HostedScript, cancelSignal: AbortSignal): Promise<HostedResult> {
  // The script writes straight into the files: a descendant that outlives it holds no pipe that we would wait for.
  const stdout = createWriteStream(script.stdout, { fd: openSync(script.stdout, 'a') });
  const stderr = createWriteStream(script.stderr, { fd: openSync(script.stderr, 'a') });
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

async function begin(id: number, script: HostedScript): Promise<void> {
  const cancel = new AbortController();
  cancels.set(id, cancel);
  const answer: FromHost = { run: id, result: await run(script, cancel.signal) };
  cancels.delete(id);
  process.send?.(answer);
}

process.on('message', (message: ToHost) => {
  if ('begin' in message) void begin(message.run, message.begin);
  else cancels.get(message.run)?.abort();
});
process.once('disconnect', () => process.exit(0));
