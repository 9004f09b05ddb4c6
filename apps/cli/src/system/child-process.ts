import { EXIT_CODES, ExitError, type ExitReason } from '@nightcrier/runtime/exit-code';
import { execa } from 'execa';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';

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
  /** Resolves when the process has sent its ready message. Rejects with its last line if it ends before. */
  ready: Promise<void>;
  /** Resolves when the process has ended, with a description of how. Never rejects. */
  ended: Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, and SIGKILL after `graceSeconds`. Resolves when the process has ended. Idempotent. */
  stop(graceSeconds: number): Promise<void>;
}

/**
 * Starts a process of the workspace with the Node.js of this one. The process has a process group of its own, so that Ctrl-C
 * does not reach it: this process stops it in order. It stops by itself when the IPC channel closes, which happens if this
 * process dies.
 */
export function startChild(options: ChildOptions): Child {
  const subprocess = execa(process.execPath, [options.script, ...options.arguments], {
    env: options.environment,
    stdin: 'ignore',
    ipc: true,
    detached: true,
    forceKillAfterDelay: false, // stop() has its own grace period
    buffer: false,
    reject: false,
  });
  let lastLine = 'it printed nothing';
  const forward = (stream: Readable, kind: 'stdout' | 'stderr'): void => {
    createInterface({ input: stream }).on('line', (line) => {
      lastLine = line;
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
  const message = subprocess.getOneMessage({ filter: (message) => message === 'ready' }).then(
    () => true,
    () => false,
  );
  const ready = (async () => {
    if (await Promise.race([message, ended.then(() => false)])) return;
    const how = await ended;
    throw new ExitError(reasonOf(how), `${options.name} did not start (${how}): ${causeIn(lastLine)}`);
  })();
  ready.catch(() => undefined); // Who waits for it gets the error.
  return {
    name: options.name,
    pid: subprocess.pid ?? 0,
    ready,
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

/** Returns why a process ended, by its last line: a line of a log names the cause. */
function causeIn(line: string): string {
  try {
    const { data } = LastLine.safeParse(JSON.parse(line));
    return data?.cause ?? line;
  } catch {
    return line.trim();
  }
}

const LastLine = z.object({ cause: z.string() });

/** Returns why a process did not start, by the exit code in the description of its end. */
function reasonOf(how: string): ExitReason {
  const [, code] = /^exit code (\d+)$/.exec(how) ?? [];
  const failures = ['usage', 'unavailable', 'crashed', 'cannot_create', 'configuration'] as const;
  return failures.find((reason) => String(EXIT_CODES[reason]) === code) ?? 'failed';
}
