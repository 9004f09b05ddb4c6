import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { ConfigError } from '@nightcrier/runtime/configuration/config-error';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { addSettingFlags, settingFlags, withShortErrors } from '@nightcrier/runtime/configuration/config-flags';
import { INCIDENT_STATES } from '@nightcrier/core/incidents/incident';
import { Command, Option } from 'commander';
import { userInfo } from 'node:os';
import { ApiClient } from './api-client.ts';
import { showBooks } from './commands/books.ts';
import { demo } from './commands/demo.ts';
import { cancelIncident, listIncidents, showIncident } from './commands/incidents.ts';
import { type KnowledgeTestOptions, testKnowledge } from './commands/knowledge.ts';
import { printSchema } from './commands/schema.ts';
import { simulate } from './commands/simulate.ts';
import { up } from './commands/up.ts';
import { validate } from './commands/validate.ts';
import { withDefaultCommand } from './default-command.ts';
import { describeVersion, readVersion, showVersion } from './commands/version.ts';
import { INSTALLATION } from './system.ts';

const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to print').choices(['table', 'json'] as const).default('table');

const program = withShortErrors(new Command('nightcrier'))
  .description('Watches Kubernetes clusters through their MCP servers and investigates every fault, read-only')
  .option('-V, --version', 'print the version')
  .on('option:version', () => {
    console.log(describeVersion(readVersion(INSTALLATION, process.env)));
    process.exit();
  });

addSettingFlags(program.command('demo'))
  .description('two simulated clusters and the whole system: watch faults become reports')
  .option('--once', 'exit when the first incident of every cluster has its report', false)
  .option('--json', 'one JSON line for each incident', false)
  .action(async (options: { once: boolean; json: boolean }, command: Command) => {
    process.exitCode = await demo({ once: options.once, json: options.json, flags: settingFlags(command) });
  });

addSettingFlags(program.command('up'))
  .description('ingester, triage worker and API on this machine, with an embedded Redis unless one is configured')
  .action(async (_: object, command: Command) => {
    process.exitCode = await up(settingFlags(command));
  });

program
  .command('validate')
  .description('check a configuration; prints every problem with its line')
  .argument('[config]', 'configuration file (default: the one that up would read)')
  .addOption(outputOption())
  .action(async (file: string | undefined, options: { output: 'table' | 'json' }) => {
    process.exitCode = await validate(file, options.output);
  });

program
  .command('schema')
  .description('print the JSON Schema of the configuration file, for editors')
  .action(() => printSchema());

program
  .command('simulate')
  .description('simulated clusters (MCP server and Kubernetes API); all flags go to the simulator')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[flags...]')
  .action(async (flags: string[]) => {
    process.exitCode = await simulate(flags);
  });

program
  .command('version')
  .description('version, commit and Node.js version')
  .addOption(outputOption())
  .action(({ output }: { output: 'table' | 'json' }) => showVersion(readVersion(INSTALLATION, process.env), output));

const apiUrlOption = (): Option =>
  new Option('--api-url <url>', 'URL of the API').default('http://127.0.0.1:8080').env('NIGHTCRIER_API_URL');
const clientOf = (command: Command): ApiClient =>
  new ApiClient(command.opts<{ apiUrl: string }>().apiUrl, process.env.NIGHTCRIER_API_ACCESS_KEY);

const books = program
  .command('books')
  .description(
    'count every received fault by outcome, and every incident by state; exits 1 if the counts do not balance',
  )
  .addOption(apiUrlOption())
  .addOption(outputOption())
  .action(async ({ output }: { output: 'table' | 'json' }) => {
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
    process.exitCode = await testKnowledge(clientOf(knowledge), id, options);
  });

const incidents = program
  .command('incidents')
  .description('list, show, requeue, split and cancel incidents of a running system')
  .addOption(apiUrlOption());
const apiClient = (): ApiClient => clientOf(incidents);

incidents
  .command('list')
  .description('list incidents, newest first')
  .addOption(new Option('--state <state>', 'only incidents in this state').choices(INCIDENT_STATES))
  .option('--cluster <name>', 'only incidents of this cluster')
  .option('--limit <count>', 'longest list', '50')
  .addOption(outputOption())
  .action(async ({ output, ...filter }: Record<string, string> & { output: 'table' | 'json' }) => {
    await listIncidents(apiClient(), filter, output);
  });

incidents
  .command('show')
  .description('show an incident and its report')
  .argument('<incident-id>')
  .addOption(outputOption())
  .action(async (id: string, { output }: { output: 'table' | 'json' }) => showIncident(apiClient(), id, output));

incidents
  .command('requeue')
  .description('queue an incident that has ended as a new one; prints the id of the new incident')
  .argument('<incident-id>')
  .action(async (id: string) => console.log(await apiClient().requeue(id)));

incidents
  .command('split')
  .description('queue one member of an incident as a new incident; prints its id')
  .argument('<incident-id>')
  .argument('<member>', 'fault id of the member, see `incidents show`')
  .action(async (id: string, member: string) => console.log(await apiClient().split(id, member)));

incidents
  .command('cancel')
  .description('end an incident that waits or runs, without a report')
  .argument('<incident-id>')
  .option('--reason <text>', 'why; shown with the incident')
  .option('--by <who>', 'who cancels it (default: the user of this shell)')
  .action(async (id: string, { reason, by = userInfo().username }: { reason?: string; by?: string }) =>
    cancelIncident(apiClient(), id, { reason, by }),
  );

try {
  await program.parseAsync(withDefaultCommand(process.argv.slice(2), process.env), { from: 'user' });
} catch (error) {
  console.error(
    escapeControls(
      hideSecrets(
        error instanceof ConfigError
          ? error.message
          : `nightcrier: ${error instanceof Error ? error.message : String(error)}`,
      ),
    ),
  );
  process.exitCode = 1;
}
// Open handles of a command (idle sockets, the timer of the signal handlers) must not keep the process running.
process.exit();
