import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { ConfigError } from '@nightcrier/runtime/configuration/config-error';
import { followProxies } from '@nightcrier/runtime/configuration/follow-proxies';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { addSettingFlags, settingFlags, withShortErrors } from '@nightcrier/runtime/configuration/config-flags';
import { INCIDENT_STATES } from '@nightcrier/core/incidents/incident';
import { PROBLEM_LABELS } from '@nightcrier/core/matching/problem-labels';
import { EXIT_CODES, exitCodeOf } from '@nightcrier/runtime/exit-code';
import { surviveClosedReader } from '@nightcrier/runtime/process/closed-reader';
import tab from '@bomb.sh/tab/commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { addAccessCommands } from './access-commands.ts';
import { ApiClient } from './api-client.ts';
import type { ListFlags } from './command-parts.ts';
import type { KnowledgeTestOptions } from './commands/knowledge.ts';
import type { RoutesTestOptions } from './commands/routes.ts';
import { withDefaultCommand } from './default-command.ts';
import { describeVersion, readVersion, showVersion } from './commands/version.ts';
import { addClusterCommands } from './cluster-commands.ts';
import { LIST_FORMATS } from './lists/print-list.ts';
import { addProblemCommands } from './problem-commands.ts';
import { shellUser } from './shell-user.ts';
import { addSetupCommands } from './setup-commands.ts';
import { addSilenceCommands } from './silence-commands.ts';
import { INSTALLATION } from './installation.ts';

const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to print').choices(['table', 'json'] as const).default('table');

const listOption = (): Option =>
  new Option('-o, --output <format>', 'how to print').choices(LIST_FORMATS).default('table');

const absoluteOption = (): Option =>
  new Option('--absolute', 'times as dates, not as ages').preset('dates').default('ages', 'ages');

export const program = withShortErrors(new Command('nightcrier'))
  .description('Watches Kubernetes clusters through their MCP servers and investigates every fault, read-only')
  .option('-V, --version', 'print the version')
  .on('option:version', () => {
    console.log(describeVersion(readVersion(INSTALLATION, process.env)));
    process.exit();
  });

addSettingFlags(program.command('demo'))
  .summary('watch faults of simulated clusters become reports')
  .description('two simulated clusters and the whole system: watch faults become reports')
  .option('--once', 'exit when the first incident of every cluster has its report', false)
  .option('--json', 'one JSON line for each incident', false)
  .action(async (options: { once: boolean; json: boolean }, command: Command) => {
    const { demo } = await import('./commands/demo.ts');
    process.exitCode = await demo({ once: options.once, json: options.json, flags: settingFlags(command) });
  });

addSettingFlags(program.command('up'))
  .summary('run the whole system on this machine')
  .description('ingester, triage worker and API on this machine, with an embedded Redis unless one is configured')
  .option('--processes', 'run each of the three as a process of its own', false)
  .action(async ({ processes }: { processes: boolean }, command: Command) => {
    await import('@nightcrier/runtime/process/reload-during-start');
    const { up } = await import('./commands/up.ts');
    process.exitCode = await up({ flags: settingFlags(command), processes });
  });

program
  .command('validate')
  .summary('check a configuration')
  .description('check a configuration; prints every problem with its line')
  .argument('[config]', 'configuration file (default: the one that up would read)')
  .addOption(outputOption())
  .action(async (file: string | undefined, options: { output: 'table' | 'json' }) => {
    const { validate } = await import('./commands/validate.ts');
    process.exitCode = await validate(file, options.output);
  });

program
  .command('schema')
  .summary('print the JSON Schema of the configuration')
  .description('print the JSON Schema of the configuration file, for editors')
  .action(async () => (await import('./commands/schema.ts')).printSchema());

program
  .command('simulate')
  .summary('run simulated clusters')
  .description('simulated clusters (MCP server and Kubernetes API); all flags go to the simulator')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[flags...]')
  .action(async (flags: string[]) => {
    const { simulate } = await import('./commands/simulate.ts');
    process.exitCode = await simulate(flags);
  });

program
  .command('version')
  .description('version, commit and Node.js version')
  .addOption(outputOption())
  .action(({ output }: { output: 'table' | 'json' }) => showVersion(readVersion(INSTALLATION, process.env), output));

const apiUrlOption = (): Option =>
  new Option('--api-url <url>', 'URL of the API')
    .argParser(httpUrl)
    .default('http://127.0.0.1:8080')
    .env('NIGHTCRIER_API_URL');

function httpUrl(text: string): string {
  const { protocol } = URL.parse(text) ?? {};
  if (protocol === 'http:' || protocol === 'https:') return text;
  throw new InvalidArgumentError('It must be a URL such as http://127.0.0.1:8080.');
}

const clientOf = (command: Command): ApiClient => {
  followProxies(process.env);
  return new ApiClient(command.opts<{ apiUrl: string }>().apiUrl, process.env.NIGHTCRIER_API_ACCESS_KEY);
};

const books = program
  .command('books')
  .summary('count every received fault by its outcome')
  .description(
    'count every received fault by outcome, and every incident by state; exits 1 if the counts do not balance',
  )
  .addOption(apiUrlOption())
  .addOption(outputOption())
  .action(async ({ output }: { output: 'table' | 'json' }) => {
    const { showBooks } = await import('./commands/books.ts');
    process.exitCode = await showBooks(clientOf(books), output);
  });

const knowledge = program
  .command('knowledge')
  .description('check the articles of knowledge_dir')
  .addOption(apiUrlOption());

knowledge
  .command('test')
  .description('show which articles match an incident, and by which conditions; exits 1 if a file has a problem')
  .argument('<incident-id>')
  .option('--config <file>', 'configuration file with knowledge_dir (default: the one that up would read)')
  .option('--dir <folder>', 'folder of articles, in place of knowledge_dir')
  .addOption(outputOption())
  .action(async (id: string, options: KnowledgeTestOptions) => {
    const { testKnowledge } = await import('./commands/knowledge.ts');
    process.exitCode = await testKnowledge(clientOf(knowledge), id, options);
  });

const routes = program.command('routes').description('check the routes of the configuration');
const routesTest = routes
  .command('test')
  .description('print which receivers a problem with these labels would notify, and by which route; contacts nothing')
  .option('--config <file>', 'configuration file (default: the one that up would read)')
  .option('--labels <name=value...>', 'labels of the cluster, in addition to those of its entry', [])
  .addOption(outputOption());
for (const label of PROBLEM_LABELS) routesTest.option(`--${label.replaceAll('_', '-')} <value>`, `label ${label}`);
routesTest.action(async (options: RoutesTestOptions) => {
  const { testRoutes } = await import('./commands/routes.ts');
  await testRoutes(options);
});

const incidents = program
  .command('incidents')
  .summary('list, show, requeue, split, cancel incidents')
  .description('list, show, requeue, split and cancel incidents of a running system')
  .addOption(apiUrlOption());
const apiClient = (): ApiClient => clientOf(incidents);

incidents
  .command('list')
  .description('list incidents, newest first')
  .addOption(new Option('--state <state>', 'only incidents in this state').choices(INCIDENT_STATES))
  .option('--cluster <name>', 'only incidents of this cluster')
  .option('--limit <count>', 'longest list', '50')
  .option('-w, --watch', 'print again every two seconds', false)
  .addOption(absoluteOption())
  .addOption(listOption())
  .action(async ({ output, absolute, ...options }: ListFlags) => {
    const { listIncidents } = await import('./commands/incidents.ts');
    await listIncidents(apiClient(), { ...options, format: output, times: absolute });
  });

incidents
  .command('show')
  .description('show an incident and its report')
  .argument('<incident-id>', 'the id, or its beginning')
  .addOption(outputOption())
  .action(async (id: string, { output }: { output: 'table' | 'json' }) => {
    const { showIncident } = await import('./commands/incidents.ts');
    await showIncident(apiClient(), id, output);
  });

incidents
  .command('requeue')
  .description('queue an incident that has ended as a new one; prints the id of the new incident')
  .argument('<incident-id>')
  .action(async (id: string) =>
    console.log(escapeControls(await apiClient().requeue(await apiClient().incidentId(id)))),
  );

incidents
  .command('split')
  .description('queue one member of an incident as a new incident; prints its id')
  .argument('<incident-id>')
  .argument('<member>', 'fault id of the member, see `incidents show`')
  .action(async (id: string, member: string) => {
    const api = apiClient();
    console.log(escapeControls(await api.split(await api.incidentId(id), member)));
  });

incidents
  .command('cancel')
  .description('end an incident that waits or runs, without a report')
  .argument('<incident-id>')
  .option('--reason <text>', 'why; shown with the incident')
  .option('--by <who>', 'who cancels it (default: the user of this shell)')
  .action(async (id: string, { reason, by = shellUser() }: { reason?: string; by?: string }) => {
    const { cancelIncident } = await import('./commands/incidents.ts');
    const api = apiClient();
    await cancelIncident(api, await api.incidentId(id), { reason, by });
  });

const parts = { apiUrlOption, outputOption, listOption, absoluteOption, clientOf };
addSetupCommands(program, parts);
addClusterCommands(program, parts);
addProblemCommands(program, parts);
addSilenceCommands(program, parts);
addAccessCommands(program, parts);
// Of the commands and options above: `completion SHELL` prints a script that asks for them.
tab(program, { completionCommandName: 'completion' });
program.commands
  .find((command) => command.name() === 'completion')
  ?.description('print the completion script of a shell');

/**
 * Runs the command that the words name. The code of a command is loaded when it runs.
 * @returns the exit code, one of {@link EXIT_CODES}
 */
export async function run(words: string[], environment: Record<string, string | undefined>): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) surviveClosedReader(stream);
  try {
    await program.parseAsync(withDefaultCommand(words, environment), { from: 'user' });
    return Number(process.exitCode ?? EXIT_CODES.ok);
  } catch (error) {
    console.error(escapeControls(hideSecrets(describe(error))));
    return exitCodeOf(error);
  }
}

function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  return `nightcrier: ${error instanceof Error ? error.message : String(error)}`;
}
