import { execa } from 'execa';
import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import type { HostedScript } from './script-host.ts';

export type WaitingShell = ReturnType<typeof startWaitingShell>;

/**
 * Starts a shell that waits for one line on its stdin, and by it becomes a script. What takes long about a new process, the
 * fork, is done by then. A shell that never gets its line ends when this process does.
 * @param killGrace ms between SIGTERM and SIGKILL, when it is killed
 */
export function startWaitingShell(killGrace: number) {
  return execa('/bin/sh', [], {
    env: {},
    extendEnv: false,
    // The script writes straight into files: a descendant that outlives it holds no pipe that we would wait for.
    stdio: ['pipe', 'ignore', 'ignore', { value: 'pipe', input: true }],
    forceKillAfterDelay: killGrace,
    killDescendants: true,
    // It outlives this process, as its container does.
    cleanup: false,
    reject: false,
  });
}

/**
 * What makes a shell that waits a script. The environment is in it, and so is not among the arguments, which everybody can see.
 * @throws ErrnoException when the script cannot be executed or read
 */
export function lineToBecome({
  script,
  arguments: args,
  environment,
  directory,
  stdout,
  stderr,
}: HostedScript): string {
  accessSync(script, constants.X_OK);
  const variables = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  return [
    // Not the stream of this line, of which the shell has perhaps read more.
    `exec <&3 3<&- >${quoted(stdout)} 2>${quoted(stderr)}`,
    `cd ${quoted(directory)} || exit 126`,
    // Which `cd` has just set.
    'unset OLDPWD',
    ...variables,
    `exec ${[...interpreterOf(script), script, ...args].map(quoted).join(' ')}\n`,
  ].join('; ');
}

/** Gives the script that a shell has become a line on its stdin, and the end of that. */
export function tellReady({ stdio: [, , , stdin] }: WaitingShell): void {
  // One that has ended, or does not listen, did not want to know.
  stdin.on('error', () => undefined);
  // Nor must we wait for a descendant that keeps the other end.
  stdin.end('ready\n', () => stdin.destroy());
}

/**
 * A script that begins with `#!/usr/bin/env bash` has `env` look for bash; the shell does that as well, and one program less is
 * started.
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

/** As one word of a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
