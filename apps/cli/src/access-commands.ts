import { ROLES } from '@nightcrier/core/access/role';
import { type Command, Option } from 'commander';
import type { CommandParts } from './command-parts.ts';
import type { ListFormat } from './lists/print-list.ts';

/** Adds the commands of API keys, users, sessions and of the audit log. */
export function addAccessCommands(program: Command, parts: CommandParts): void {
  addKeyCommands(program, parts);
  addUserCommands(program, parts);
  addSessionCommands(program, parts);
  addAuditCommand(program, parts);
}

function addKeyCommands(program: Command, { apiUrlOption, outputOption, listOption, clientOf }: CommandParts): void {
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
        const { addKey } = await import('./access/key.ts');
        await addKey(clientOf(key), { name, ...options });
      },
    );

  key
    .command('list')
    .description('list API keys, the oldest first')
    .addOption(listOption())
    .action(async ({ output }: { output: ListFormat }) => {
      const { listKeys } = await import('./access/key.ts');
      await listKeys(clientOf(key), output);
    });

  key
    .command('revoke')
    .description('end an API key at once')
    .argument('<key>', 'its id or its name')
    .action(async (idOrName: string) => {
      const { revokeKey } = await import('./access/key.ts');
      await revokeKey(clientOf(key), idOrName);
    });
}

const passwordOption = (): Option =>
  new Option('--password-file <file>', 'file with the password, - for standard input (default: it is asked for)');

function addUserCommands(program: Command, { apiUrlOption, listOption, clientOf }: CommandParts): void {
  const user = program
    .command('user')
    .summary('add, list and remove users of the login page')
    .description('add, list and remove users of the login page (api.auth.methods: users); needs the role admin')
    .addOption(apiUrlOption());

  user
    .command('add')
    .description('add a user; asks for the password')
    .argument('<name>', 'user name; the author of the changes that the user makes')
    .addOption(new Option('--role <role>', 'what the user may do').choices(ROLES).default('viewer'))
    .addOption(passwordOption())
    .action(async (name: string, options: { role: (typeof ROLES)[number]; passwordFile?: string }) => {
      const { addUser } = await import('./access/user.ts');
      await addUser(clientOf(user), { name, ...options });
    });

  user
    .command('list')
    .description('list users, by name')
    .addOption(listOption())
    .action(async ({ output }: { output: ListFormat }) => {
      const { listUsers } = await import('./access/user.ts');
      await listUsers(clientOf(user), output);
    });

  user
    .command('password')
    .description("change a user's password, which ends the sessions of the user")
    .argument('<name>')
    .addOption(passwordOption())
    .action(async (name: string, { passwordFile }: { passwordFile?: string }) => {
      const { changePassword } = await import('./access/user.ts');
      await changePassword(clientOf(user), name, passwordFile);
    });

  user
    .command('remove')
    .description('remove a user, which ends the sessions of the user')
    .argument('<name>')
    .action(async (name: string) => {
      const { removeUser } = await import('./access/user.ts');
      await removeUser(clientOf(user), name);
    });
}

function addSessionCommands(program: Command, { apiUrlOption, listOption, clientOf }: CommandParts): void {
  const session = program
    .command('session')
    .summary('list and revoke sessions of browsers')
    .description('list and revoke the sessions of browsers that are logged in; needs the role admin')
    .addOption(apiUrlOption());

  session
    .command('list')
    .description('list sessions, the latest first')
    .addOption(listOption())
    .action(async ({ output }: { output: ListFormat }) => {
      const { listSessions } = await import('./access/session.ts');
      await listSessions(clientOf(session), output);
    });

  session
    .command('revoke')
    .description('end a session, or all sessions of a user')
    .argument('<session>', 'its id, or the name of the user')
    .action(async (idOrName: string) => {
      const { revokeSessions } = await import('./access/session.ts');
      await revokeSessions(clientOf(session), idOrName);
    });
}

function addAuditCommand(program: Command, { apiUrlOption, listOption, clientOf }: CommandParts): void {
  const audit = program
    .command('audit')
    .summary('list who changed what')
    .description('list who changed what, the latest first; needs the role admin')
    .option('--limit <count>', 'longest list', '50')
    .addOption(apiUrlOption())
    .addOption(listOption())
    .action(async ({ limit, output }: { limit: string; output: ListFormat }) => {
      const { listAudit } = await import('./access/audit.ts');
      await listAudit(clientOf(audit), Number(limit), output);
    });
}
