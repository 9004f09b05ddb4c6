import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { PROBLEM_STATES } from '@nightcrier/core/problems/problem';
import { type Command, Option } from 'commander';
import type { CommandParts, ListFlags } from './command-parts.ts';
import { problemKeyOf } from './lists/problem-name.ts';
import { shellUser } from './shell-user.ts';

/** Adds the commands of problems. */
export function addProblemCommands(
  program: Command,
  { apiUrlOption, outputOption, listOption, absoluteOption, clientOf }: CommandParts,
): void {
  const problems = program
    .command('problems')
    .summary('list, show, acknowledge problems')
    .description('list and show problems, acknowledge them, have them investigated again')
    .addOption(apiUrlOption());

  problems
    .command('list')
    .description('list problems, those that are firing first')
    .addOption(new Option('--state <state>', 'only problems in this state').choices(PROBLEM_STATES))
    .option('--cluster <name>', 'only problems of this cluster')
    .option('--limit <count>', 'longest list', '50')
    .option('-w, --watch', 'print again every two seconds', false)
    .addOption(absoluteOption())
    .addOption(listOption())
    .action(async ({ output, absolute, ...options }: ListFlags) => {
      const { listProblems } = await import('./commands/problems.ts');
      await listProblems(clientOf(problems), { ...options, format: output, times: absolute });
    });

  problems
    .command('show')
    .description('show a problem: its symptoms, its incidents and who has taken it over')
    .argument('<cluster>')
    .argument('<problem>', 'as the list shows it, such as shop/cart or "Node node-1"')
    .addOption(outputOption())
    .action(async (cluster: string, key: string, { output }: { output: 'table' | 'json' }) => {
      const { showProblem } = await import('./commands/problems.ts');
      await showProblem(clientOf(problems), cluster, key, output);
    });

  problems
    .command('ack')
    .description('take a problem over: its notifications are not repeated')
    .argument('<cluster>')
    .argument('<problem>', 'as the list shows it, such as shop/cart or "Node node-1"')
    .option('--comment <text>', 'shown with the problem')
    .option('--remove', 'give it back', false)
    .option('--by <who>', 'who takes it over, unless the API key names one (default: the user of this shell)')
    .action(async (cluster: string, key: string, { by = shellUser(), ...options }) => {
      const { acknowledge } = await import('./commands/problems.ts');
      await acknowledge(clientOf(problems), cluster, key, { author: by, ...options });
    });

  problems
    .command('investigate')
    .description('have a problem investigated again; prints the id of the new incident')
    .argument('<cluster>')
    .argument('<problem>', 'as the list shows it, such as shop/cart or "Node node-1"')
    .action(async (cluster: string, key: string) =>
      console.log(escapeControls(await clientOf(problems).investigate(cluster, problemKeyOf(key)))),
    );
}
