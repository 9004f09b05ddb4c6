import { execa } from 'execa';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface ChildOptions {
  name: string;
  /** Absolute path of a TypeScript file. */
  script: string;
  arguments: string[];
  /** Added to the environment of this process. Secrets belong here, since arguments show in the process list. */
  environment?: Record<string, string>;
  onLine(name: string, line: string, stream: 'stdout' | 'stderr'): void;
}

/** A process that this one started. */
export interface Child {
  name: string;
  pid: number;
  /** Resolves when the process has ended, with a description of how. Never rejects. */
  ended: Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, and SIGKILL after `graceSeconds`. Resolves when the process has ended. Idempotent. */
  stop(graceSeconds: number): Promise<void>;
}

/**
 * Starts a process of the workspace with the Node.js of this one, and waits for its ready message. The process has a process
 * group of its own, so that Ctrl-C does not reach it: this process stops it in order. It stops by itself when the IPC
 * channel closes, which happens if this process dies.
 * @throws Error with its last lines, if it ends before it is ready
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const subprocess = execa(process.execPath, [options.script, ...options.arguments], {
    env: options.environment,
    stdin: 'ignore',
    ipc: true,
    detached: true,
    forceKillAfterDelay: false, // stop() has its own grace period
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
    signal(signal) {
      subprocess.kill(signal);
    },
    async stop(graceSeconds) {
      subprocess.kill('SIGTERM');
      const timer = setTimeout(() => subprocess.kill('SIGKILL'), graceSeconds * 1000);
      await ended;
      clearTimeout(timer);
    },
  };
}
