import { type Command, Option } from 'commander';
import type { CommandParts } from './command-parts.ts';

/** Adds the commands that set an installation up, and examine it. */
export function addSetupCommands(program: Command, { outputOption }: CommandParts): void {
  program
    .command('doctor')
    .description(
      'examine everything that Nightcrier depends on; prints the fix of each problem, and exits 1 if one failed',
    )
    .argument('[config]', 'configuration file (default: the one that up would read)')
    .addOption(new Option('--only <check...>', 'examine these alone, such as redis mcp').default([]))
    .addOption(outputOption())
    .action(async (file: string | undefined, { only, output }: { only: string[]; output: 'table' | 'json' }) => {
      const { doctor } = await import('./doctor/doctor.ts');
      process.exitCode = await doctor({ file, format: output, only });
    });
}
