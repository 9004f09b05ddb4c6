import type { Command } from 'commander';
import type { CommandParts } from './command-parts.ts';
import type { ListFormat } from './lists/print-list.ts';
import { shellUser } from './shell-user.ts';

/** Adds the commands of silences. */
export function addSilenceCommands(program: Command, { apiUrlOption, listOption, clientOf }: CommandParts): void {
  const silence = program
    .command('silence')
    .summary('keep problems from being notified')
    .description('keep problems from being investigated and notified for some time')
    .addOption(apiUrlOption());

  silence
    .command('add')
    .description('add a silence; prints its id')
    .argument('<matchers...>', 'as in Alertmanager: cluster=prod \'namespace=~"shop-.*"\'')
    .requiredOption('--comment <text>', 'why')
    .option('--duration <duration>', 'how long, such as 30m, 4h or 2d (default: 1h)')
    .option('--start <time>', 'when it begins, RFC 3339 (default: now)')
    .option('--end <time>', 'when it ends, in place of --duration')
    .option('--investigate', 'investigate silenced problems, and keep only the notifications back', false)
    .option('--by <who>', 'the author, unless the API key names one (default: the user of this shell)')
    .action(async (matchers: string[], { by = shellUser(), ...options }) => {
      const { addSilence } = await import('./commands/silence.ts');
      await addSilence(clientOf(silence), { matchers, author: by, ...options });
    });

  silence
    .command('list')
    .description('list silences, those that end last first')
    .option('--all', 'also those that ended within the last week', false)
    .addOption(listOption())
    .action(async ({ all, output }: { all: boolean; output: ListFormat }) => {
      const { listSilences } = await import('./commands/silence.ts');
      await listSilences(clientOf(silence), all, output);
    });

  silence
    .command('expire')
    .description('end silences at once')
    .argument('<id...>')
    .action(async (ids: string[]) => {
      const { expireSilences } = await import('./commands/silence.ts');
      await expireSilences(clientOf(silence), ids);
    });
}
