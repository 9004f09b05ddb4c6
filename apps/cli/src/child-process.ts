import { execa } from 'execa';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface ChildOptions {
  name: string;
  /** Absolute path of the TypeScript file to run. */
  script: string;
  arguments: string[];
  /** Added to this process's environment: the place for what must not show in the process list. */
  environment?: Record<string, string>;
  onLine(name: string, line: string, stream: 'stdout' | 'stderr'): void;
}

/** One of the system's processes, started and watched by this one. */
export interface Child {
  name: string;
  pid: number;
  /** Settles when the process has ended, however that came about, with a description of how. */
  ended: Promise<string>;
  /** SIGTERM, then SIGKILL after `graceSeconds`. Resolves when the process has ended; idempotent. */
  stop(graceSeconds: number): Promise<void>;
}

/**
 * Starts a process of the workspace under the Node that runs this one, and waits until it says that it is ready.
 * It runs in a process group of its own, so that Ctrl-C in the terminal reaches it through our orderly shutdown alone;
 * should this process die, the closed channel tells it to stop.
 * @throws Error when it ends before it is ready, with its last lines
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const subprocess = execa(process.execPath, [options.script, ...options.arguments], {
    env: options.environment,
    stdin: 'ignore',
    ipc: true,
    detached: true,
    forceKillAfterDelay: false, // stop() says how long
    buffer: false,
    reject: false,
  });
  const lastLines: string[] = [];
  const forward = (stream: Readable, kind: 'stdout' | 'stderr'): void => {
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
      options.onLine(options.name, line, kind);
    });
  };
  forward(subprocess.stdout, 'stdout');
  forward(subprocess.stderr, 'stderr');

  const ended = subprocess.then(
    (result) =>
      result.originalMessage ?? `exit code ${result.exitCode ?? `none, ${result.signal ?? 'unknown signal'}`}`,
  );
  // `node --watch` has the children of its process send messages of its own.
  const ready = subprocess.getOneMessage({ filter: (message) => message === 'ready' }).then(
    () => true,
    () => false,
  );
  if (!(await Promise.race([ready, ended.then(() => false)]))) {
    throw new Error(`${options.name} did not start (${await ended})\n${lastLines.join('\n')}`);
  }
  return {
    name: options.name,
    pid: subprocess.pid ?? 0,
    ended,
    async stop(graceSeconds) {
      subprocess.kill('SIGTERM');
      const timer = setTimeout(() => subprocess.kill('SIGKILL'), graceSeconds * 1000);
      await ended;
      clearTimeout(timer);
    },
  };
}
