import { execa } from 'execa';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, onTestFinished, test } from 'vitest';
import { program } from '../src/program.ts';

const cli = path.join(import.meta.dirname, '../src/main.ts');

/** Every command with its words, groups included. `simulate` passes its flags on, and prints the simulator's page. */
function commandsOf(command: Command, words: string[] = []): [string, Command][] {
  const below = command.commands.flatMap((one) => commandsOf(one, [...words, one.name()]));
  return words[0] === 'simulate' || words[0] === 'complete'
    ? []
    : [[words.join(' ') || 'nightcrier', command], ...below];
}

describe('--help', () => {
  test.each(commandsOf(program))('of %s fits a page', (_, command) => {
    let page = '';
    command.configureOutput({ writeOut: (text) => (page += text), getOutHelpWidth: () => 80 });
    command.outputHelp();
    const lines = page.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(50);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('completion', () => {
  test('bash completes commands', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-completion-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { stdout: script } = await execa(process.execPath, [cli, 'completion', 'bash']);
    await writeFile(path.join(folder, 'completion'), script);
    const complete = async (...words: string[]): Promise<string> => {
      const quoted = words.map((word) => `'${word}'`).join(' ');
      const { stdout } = await execa('bash', [
        '--norc',
        '-c',
        `nightcrier() { '${process.execPath}' '${cli}' "$@"; }
         . '${folder}/completion'
         COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; COMP_LINE="\${COMP_WORDS[*]}"; COMP_POINT=\${#COMP_LINE}
         _get_comp_words_by_ref() { cur="\${COMP_WORDS[COMP_CWORD]}"; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; prev="\${COMP_WORDS[COMP_CWORD-1]}"; }
         $(complete -p nightcrier 2>/dev/null | sed 's/.*-F \\([^ ]*\\).*/\\1/') ; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ]);
      return stdout;
    };
    expect(await complete('nightcrier', 'incidents', 're')).toContain('requeue');
  });
});
