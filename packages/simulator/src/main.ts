import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { ROLES, type RoleName } from './kubernetes/access/access-rules.ts';
import { writeClusterFiles } from './clusters-file.ts';
import { playScenarios } from './scenario-player.ts';
import { populate } from './populate.ts';
import { harmlessScenarioNames, installedScenarioNames, scenarioNames } from './scenario.ts';
import { startSimulatedCluster, type SimulatedCluster } from './simulated-cluster.ts';

interface Options {
  clusters: string[];
  host: string;
  advertiseHost?: string;
  basePort: number;
  dir: string;
  tls: boolean;
  role: RoleName;
  eventsTools: boolean;
  scenarios: readonly string[];
  faultInterval: number;
  startDelay: number;
  waitForSubscriber: number;
  repeat: boolean;
  heal: readonly string[];
  healAfter: number;
  speed?: number;
  pods: number;
}

const command = new Command('nightcrier simulate')
  .description('Runs simulated clusters, each with an MCP endpoint and a Kubernetes API, and plays fault scenarios')
  .requiredOption('--clusters <names>', 'names of the clusters, separated by commas', clusterNames)
  .requiredOption('--dir <folder>', 'folder for the kubeconfigs and clusters.yaml')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--advertise-host <host>', 'host in the URLs for clients (default: --host)')
  .option(
    '--base-port <port>',
    'port of the first MCP endpoint; its Kubernetes API has the next port, and so on; 0: free ports',
    port,
    0,
  )
  .option('--tls', 'serve the Kubernetes API over TLS', false)
  .option('--role <role>', `role of the kubeconfigs: ${Object.keys(ROLES).join(', ')}`, role, 'read-only')
  .option('--no-events-tools', 'no subscription tools, like a stock kubernetes-mcp-server')
  .option('--scenarios <names>', 'scenarios separated by commas, or all, or none', scenarios, scenarioNames)
  .option('--fault-interval <seconds>', 'time between two faults of a cluster', seconds, 2)
  .option('--start-delay <seconds>', 'time before the first fault', seconds, 0)
  .option('--wait-for-subscriber <seconds>', 'longest wait for a subscriber before the first fault', seconds, 0)
  .option('--repeat', 'start again with new pods after the last scenario', false)
  .option('--heal <names>', 'scenarios that are healed by themselves, separated by commas', scenarios, [])
  .option('--heal-after <seconds>', 'time between the fault of such a scenario and its healing', seconds, 10)
  .option(
    '--speed <factor>',
    'how much faster than in a real cluster a scenario goes (default: all of its steps follow each other at once)',
    positive,
  )
  .option('--pods <number>', 'healthy pods, ten to a Deployment, in 50 namespaces', count, 0)
  // As every command of the command line, see EX_USAGE in sysexits.h.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 64));

await main(command.parse().opts<Options>());

async function main(options: Options): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  process.once('disconnect', () => stopping.abort()); // the parent process exited

  const clusters: SimulatedCluster[] = [];
  try {
    for (const [index, name] of options.clusters.entries()) clusters.push(await startCluster(name, index, options));
    print({ event: 'ready', clusters: await writeClusterFiles(clusters, options.dir) });
    process.send?.('ready');
    await Promise.all(
      clusters.map((cluster) =>
        playScenarios(
          cluster,
          {
            scenarios: options.scenarios,
            intervalMs: options.faultInterval * 1000,
            startDelayMs: options.startDelay * 1000,
            subscriberWaitMs: options.waitForSubscriber * 1000,
            repeat: options.repeat,
            healed: { scenarios: options.heal, afterMs: options.healAfter * 1000 },
            speed: options.speed,
            onRun: ({ name }, scenario, { fault, delivered }) =>
              print({ event: 'scenario', cluster: name, scenario, fault, delivered }),
          },
          stopping.signal,
        ),
      ),
    );
    if (!stopping.signal.aborted) print({ event: 'done' });
    // The open servers keep the process running.
    if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  } catch (error) {
    console.error(`simulator: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
    if (process.connected) process.disconnect(); // an open IPC channel would keep the process running
  }
}

async function startCluster(name: string, index: number, options: Options): Promise<SimulatedCluster> {
  const { host, advertiseHost, basePort, tls, role, eventsTools, pods } = options;
  const cluster = await startSimulatedCluster({
    name,
    host,
    ...(advertiseHost === undefined ? {} : { advertiseHost }),
    mcpPort: basePort === 0 ? 0 : basePort + 2 * index,
    kubernetesPort: basePort === 0 ? 0 : basePort + 2 * index + 1,
    tls,
    users: { [`simulated-${role}-token`]: role },
    eventsTools,
  });
  populate(cluster.store, { pods, namespaces: Math.min(50, Math.ceil(pods / 10)) });
  return cluster;
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function clusterNames(text: string): string[] {
  const names = list(text);
  const invalid = names.find((name) => !/^[\w.-]+$/.test(name));
  if (names.length === 0 || invalid !== undefined) {
    throw new InvalidArgumentError(`"${invalid ?? text}" is not a cluster name; use letters, digits, dots and dashes`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InvalidArgumentError(`"${twice}" is listed twice; cluster names must be unique`);
  return names;
}

function scenarios(text: string): readonly string[] {
  if (text === 'all') return scenarioNames;
  if (text === 'none') return [];
  const names = list(text);
  const known = [...scenarioNames, ...installedScenarioNames, ...harmlessScenarioNames];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`there is no scenario "${unknown}"; use all, none, or some of ${known.join(', ')}`);
  }
  return names;
}

function role(text: string): RoleName {
  if (isRole(text)) return text;
  throw new InvalidArgumentError(`unknown role "${text}"; use one of ${Object.keys(ROLES).join(', ')}`);
}

function isRole(text: string): text is RoleName {
  return text in ROLES;
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError(`"${text}" is not a port; use 0 to 65535`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError(`"${text}" is not a number of seconds`);
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError(`"${text}" is not a positive number`);
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError(`"${text}" is not a number of pods`);
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
