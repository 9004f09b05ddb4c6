import { ConfigError } from '@nightcrier/runtime/configuration/config-error';
import { CONFIG_OPTIONS, flagsFrom, flagsHelp } from '@nightcrier/runtime/configuration/config-flags';
import { INCIDENT_STATES } from '@nightcrier/core/incidents/incident';
import { Command, Option } from 'commander';
import { userInfo } from 'node:os';
import { ApiClient } from './api-client.ts';
import { showBooks } from './commands/books.ts';
import { demo } from './commands/demo.ts';
import { cancelIncident, listIncidents, showIncident } from './commands/incidents.ts';
import { simulate } from './commands/simulate.ts';
import { up } from './commands/up.ts';
import { validate } from './commands/validate.ts';
import { describeVersion, readVersion, showVersion } from './commands/version.ts';
import { INSTALLATION } from './system.ts';

const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to print').choices(['table', 'json'] as const).default('table');

/** Adds `--config` and one flag for each setting; `--help` lists them once, below the options. */
function withSettings(command: Command): Command {
  for (const [name, { short }] of Object.entries(CONFIG_OPTIONS)) {
    command.addOption(new Option(`${short ? `-${short}, ` : ''}--${name} <value>`).hideHelp());
  }
  return command.addHelpText('after', () => `\nSettings (flags over environment over file):\n${flagsHelp()}`);
}

/** The flags of {@link withSettings} that were given, by flag name. */
function settingsOf(options: Record<string, unknown>): Record<string, string> {
  const flags: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    flags[name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)] = value;
  }
  return flagsFrom(flags);
}

const program = new Command('nightcrier')
  .description('Watches Kubernetes clusters through their MCP servers and investigates every fault, read-only')
  .option('-V, --version', 'print the version')
  .on('option:version', () => {
    console.log(describeVersion(readVersion(INSTALLATION, process.env)));
    process.exit();
  })
  .showHelpAfterError();

withSettings(program.command('demo'))
  .description('two simulated clusters and the whole system: watch faults become reports')
  .option('--once', 'exit when the first incident of every cluster has its report', false)
  .option('--json', 'one JSON line for each incident', false)
  .action(async (options: { once: boolean; json: boolean }) => {
    process.exitCode = await demo({ once: options.once, json: options.json, flags: settingsOf(options) });
  });

withSettings(program.command('up'))
  .description('ingester, triage worker and API on this machine, with a Redis of their own unless one is configured')
  .action(async (options: Record<string, unknown>) => {
    process.exitCode = await up(settingsOf(options));
  });

program
  .command('validate')
  .description('check a configuration: every problem, with its line')
  .argument('<config>', 'configuration file')
  .addOption(outputOption())
  .action(async (file: string, options: { output: 'table' | 'json' }) => {
    process.exitCode = await validate(file, options.output);
  });

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
  new Option('--api-url <url>', 'the API').default('http://127.0.0.1:8080').env('NIGHTCRIER_API_URL');
const clientOf = (command: Command): ApiClient =>
  new ApiClient(command.opts<{ apiUrl: string }>().apiUrl, process.env.API_ACCESS_KEY);

const books = program
  .command('books')
  .description('whether every fault of a running system is accounted for; exits 1 if not')
  .addOption(apiUrlOption())
  .addOption(outputOption())
  .action(async ({ output }: { output: 'table' | 'json' }) => {
    process.exitCode = await showBooks(clientOf(books), output);
  });

const incidents = program.command('incidents').description('incidents of a running system').addOption(apiUrlOption());
const apiClient = (): ApiClient => clientOf(incidents);

incidents
  .command('list')
  .description('incidents, newest first')
  .addOption(new Option('--state <state>').choices(INCIDENT_STATES))
  .option('--cluster <name>')
  .option('--limit <count>', 'at most so many', '50')
  .addOption(outputOption())
  .action(async ({ output, ...filter }: Record<string, string> & { output: 'table' | 'json' }) => {
    await listIncidents(apiClient(), filter, output);
  });

incidents
  .command('show')
  .description('one incident and its report')
  .argument('<incident-id>')
  .addOption(outputOption())
  .action(async (id: string, { output }: { output: 'table' | 'json' }) => showIncident(apiClient(), id, output));

incidents
  .command('requeue')
  .description('investigate an incident that has ended again; prints the id of the new one')
  .argument('<incident-id>')
  .action(async (id: string) => console.log(await apiClient().requeue(id)));

incidents
  .command('split')
  .description('investigate one member of an incident separately; prints the id of the new incident')
  .argument('<incident-id>')
  .argument('<member>', 'its fault id, as `incidents show` lists it')
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
  await program.parseAsync();
} catch (error) {
  console.error(
    error instanceof ConfigError
      ? error.message
      : `nightcrier: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exitCode = 1;
}
// Whatever a command left open (a socket kept alive, the signal handlers' timer) must not keep the process.
process.exit();
