import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { program } from '../src/program.ts';

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
