import { ROLES } from '@nightcrier/core/access/role';
import { type Command, Option } from 'commander';
import type { CommandParts } from './command-parts.ts';
import type { ListFormat } from './lists/print-list.ts';

/** Adds the commands of API keys and of the audit log. */
export function addAccessCommands(
  program: Command,
  { apiUrlOption, outputOption, listOption, clientOf }: CommandParts,
): void {
  const key = program
    .command('key')
    .summary('add, list and revoke API keys')
    .description('add, list and revoke API keys; needs the role admin')
    .addOption(apiUrlOption());

  key
    .command('add')
    .description('make an API key; prints it once, it cannot be read again')
    .argument('<name>', 'who or what uses it; the author of the changes that it makes')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).default('viewer'))
    .option('--expires <duration>', 'end of its life, such as 12h or 90d (default: never)')
    .addOption(outputOption())
    .action(
      async (name: string, options: { role: (typeof ROLES)[number]; expires?: string; output: 'table' | 'json' }) => {
        const { addKey } = await import('./commands/key.ts');
        await addKey(clientOf(key), { name, ...options });
      },
    );

  key
    .command('list')
    .description('list API keys, the oldest first')
    .addOption(listOption())
    .action(async ({ output }: { output: ListFormat }) => {
      const { listKeys } = await import('./commands/key.ts');
      await listKeys(clientOf(key), output);
    });

  key
    .command('revoke')
    .description('end an API key at once')
    .argument('<key>', 'its id or its name')
    .action(async (idOrName: string) => {
      const { revokeKey } = await import('./commands/key.ts');
      await revokeKey(clientOf(key), idOrName);
    });

  const audit = program
    .command('audit')
    .summary('list who changed what')
    .description('list who changed what, the latest first; needs the role admin')
    .option('--limit <count>', 'longest list', '50')
    .addOption(apiUrlOption())
    .addOption(listOption())
    .action(async ({ limit, output }: { limit: string; output: ListFormat }) => {
      const { listAudit } = await import('./commands/audit.ts');
      await listAudit(clientOf(audit), Number(limit), output);
    });
}
