import { spawnSync } from 'node:child_process';

/** Commands that a recommendation may name; nothing else runs, since there is no PATH. */
const PROGRAMS = ['kubectl', 'systemctl', 'journalctl', 'df', 'crictl', 'grep'];
const SEPARATOR = '\u001F';

/**
 * Parses commands with bash and returns the words of each, as the programs would get them.
 * @throws Error when one is no valid command
 */
export function shellWords(commands: string[]): string[][] {
  const functions = PROGRAMS.map((program) => `${program}() { printf '%s\\x1f' ${program} "$@"; echo; }`);
  const script = [...functions, ...commands.map((command) => `( ${command} )\necho end`)].join('\n');
  const { status, stdout, stderr } = spawnSync('/bin/bash', ['-eu', '-c', script], {
    env: { PATH: '/nonexistent' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`bash refuses a command: ${stderr.slice(0, 500)}`);
  const blocks = stdout.split('end\n').slice(0, -1);
  return blocks.map((block) =>
    block
      .trimEnd()
      .split(SEPARATOR)
      .filter((word) => word.trim() !== ''),
  );
}

/** The commands in the code spans of a step. */
export function commandsOf(action: string): string[] {
  return [...action.matchAll(/(`+)(?! ?`)(.+?)\1/g)]
    .map(([, , command = '']) => command.trim())
    .filter((command) => /^(kubectl|systemctl|journalctl|df|crictl) /.test(command));
}
