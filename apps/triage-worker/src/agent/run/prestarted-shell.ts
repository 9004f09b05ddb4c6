import { execa } from 'execa';
import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import type { AgentScript } from '../../agent-script.ts';

export type PrestartedShell = ReturnType<typeof startShell>;

/**
 * Starts a shell that reads one line from its stdin and executes it, which replaces the shell by a script. The slow part of
 * a new process, the fork, is done by then. A shell that gets no line exits with this process.
 * @param killGrace ms between SIGTERM and SIGKILL, when it is killed
 */
export function startShell(killGrace: number) {
  return execa('/bin/sh', [], {
    env: {},
    extendEnv: false,
    // The script writes into files: a descendant that outlives it holds no pipe that we would wait for.
    stdio: ['pipe', 'ignore', 'ignore', { value: 'pipe', input: true }],
    forceKillAfterDelay: killGrace,
    killDescendants: true,
    // It outlives this process, as its container does.
    cleanup: false,
    reject: false,
  });
}

/**
 * Returns the line that replaces a pre-started shell by a script. It carries the environment, because every user of the
 * machine can see the arguments of a process.
 * @throws ErrnoException when the script cannot be executed or read
 */
export function execLine({ script, arguments: args, environment, directory, stdout, stderr }: AgentScript): string {
  accessSync(script, constants.X_OK);
  const variables = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  return [
    // Not the stream of this line: the shell may have read ahead.
    `exec <&3 3<&- >${quoted(stdout)} 2>${quoted(stderr)}`,
    `cd ${quoted(directory)} || exit 126`,
    // `cd` has set it.
    'unset OLDPWD',
    ...variables,
    `exec ${[...interpreterOf(script), script, ...args].map(quoted).join(' ')}\n`,
  ].join('; ');
}

/** Writes one line to the stdin of the script that a shell has become, and closes it. */
export function sendReady({ stdio: [, , , stdin] }: PrestartedShell): void {
  // The script may have exited, or may not read its stdin.
  stdin.on('error', () => undefined);
  // A descendant may keep the other end open.
  stdin.end('ready\n', () => stdin.destroy());
}

/**
 * Returns the interpreter of a script that begins with `#!/usr/bin/env NAME`. The shell resolves it itself, which saves the
 * start of `env`.
 */
function interpreterOf(script: string): string[] {
  const file = openSync(script, 'r');
  try {
    const beginning = Buffer.alloc(64);
    readSync(file, beginning);
    const [, interpreter] = /^#! ?\/usr\/bin\/env (\w+)\n/.exec(beginning.toString('latin1')) ?? [];
    return interpreter === undefined ? [] : [interpreter];
  } finally {
    closeSync(file);
  }
}

/** Quotes a text as one word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
