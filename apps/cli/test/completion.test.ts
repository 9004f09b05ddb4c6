import { execa } from 'execa';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CLI = path.join(import.meta.dirname, '../src/main.ts');
const SHELLS = ['bash', 'zsh', 'fish'] as const;

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-completion-'));
  const command = path.join(folder, 'nightcrier');
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  await chmod(command, 0o755);
  environment = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, TERM: 'dumb' };
});
afterAll(() => rm(folder, { recursive: true }));

/** Completes a line in the real shell, as the Tab key does. */
const COMPLETE: Record<(typeof SHELLS)[number], (line: string, script: string) => Promise<string>> = {
  // The function that bash-completion has, which is not installed everywhere.
  bash: async (line, script) =>
    run('bash', [
      '--norc',
      '-c',
      `. '${script}'
       COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}
       _get_comp_words_by_ref() { cur="\${COMP_WORDS[COMP_CWORD]}"; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; prev="\${COMP_WORDS[COMP_CWORD-1]}"; }
       $(complete -p nightcrier | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]),
  // Completion needs a terminal: a second zsh, in a pseudo-terminal.
  zsh: async (line, script) =>
    run('zsh', [
      '-f',
      '-c',
      `zmodload zsh/zpty
       zpty inner zsh -f -i
       zpty -w inner 'PROMPT="> "; autoload -Uz compinit; compinit -u -d ${folder}/dump; source ${script}; bindkey "^I" complete-word; print "REA""DY"'
       zpty -r -m inner output '*READY*'
       zpty -w -n inner '${line}'$'\\t'
       zpty -r -m inner output '*requeue*' && print -r -- "$output"
       zpty -d inner`,
    ]),
  fish: async (line, script) => run('fish', ['--no-config', '-c', `source '${script}'; complete -C '${line}'`]),
};

async function run(shell: string, flags: string[]): Promise<string> {
  const { stdout } = await execa(shell, flags, { env: environment, extendEnv: false, timeout: 60_000 });
  return stdout;
}

const missing = new Set<string>();
for (const shell of SHELLS) if ((await execa(shell, ['-c', 'true'], { reject: false })).failed) missing.add(shell);

describe('completion', () => {
  for (const shell of SHELLS) {
    test.skipIf(missing.has(shell))(
      `completes commands in ${shell}${missing.has(shell) ? ' (skipped: it is not installed)' : ''}`,
      async () => {
        const script = path.join(folder, `completion.${shell}`);
        await writeFile(script, await run('nightcrier', ['completion', shell]));
        expect(await COMPLETE[shell]('nightcrier incidents requ', script)).toContain('requeue');
      },
    );
  }
});
