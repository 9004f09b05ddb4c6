import type { AgentExit } from '../../agent-runtime.ts';
/** What `agent-container/run-agent.sh` runs: one agent on a workspace, without a worker, a queue or Redis. */
import { MODEL_PROVIDERS } from '@nightcrier/core/settings/agent-cli';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { directKubeconfig } from '../access/direct-kubeconfig.ts';
import { providerAccess } from '../access/provider-access.ts';
import { HELP, readFlags, settingsOf, UsageError } from './flags.ts';
import { EngineError } from '../run/engine/engine-error.ts';
import { DockerRuntime } from '../run/docker/docker-runtime.ts';
import { readInputs } from '../run/archive/read-inputs.ts';
import { runRequest } from '../run/run-request.ts';
import { superviseRun } from '../run/supervise-run.ts';

const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;
const EXIT_TIMEOUT = 124;
const EXIT_KILLED = 137;
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** An existing report must not be taken for this run's. */
function prepare(directory: string): { output: string; logs: string } {
  const [output, logs] = [path.join(directory, 'output'), path.join(directory, 'logs')];
  for (const part of [output, logs]) mkdirSync(part, { recursive: true, mode: 0o700 });
  const report = path.join(output, 'investigation.md');
  if (existsSync(report)) renameSync(report, path.join(output, 'investigation.previous.md'));
  return { output, logs };
}

function exitCodeOf(exit: AgentExit): number {
  switch (exit.kind) {
    case 'exited':
      return exit.code;
    case 'timed_out':
      return EXIT_TIMEOUT;
    case 'killed':
      return EXIT_KILLED;
    case 'interrupted':
    case 'unavailable':
      return EXIT_UNAVAILABLE;
    case 'unusable':
      return 127;
    default:
      return exit satisfies never;
  }
}

async function run(words: string[], signal: AbortSignal): Promise<number> {
  const flags = readFlags(words);
  if (flags === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const config = settingsOf(flags, process.env);
  const { variables, secrets } = await providerAccess(config);
  const [provider] = MODEL_PROVIDERS[config.agent_cli];
  if (Object.keys(secrets).length === 0) {
    throw new UsageError(
      `${provider?.key.toUpperCase()} is not set; --agent '${flags.agent}' needs it in the environment`,
    );
  }
  const { directory, incidentId, kubeconfig } = flags;
  const { output, logs } = prepare(directory);
  const workerId = `hand-${process.pid}`;
  const runtime = new DockerRuntime({ engine: () => config.agent_engine, environment: process.env, workerId });
  try {
    const request = runRequest(
      { incidentId, attempt: Number(flags.attempt), clusterName: '' },
      { config, workerId, instance: 'by-hand' },
      { variables, isolated: false },
    );
    const inputs = directKubeconfig(kubeconfig).then(async (text) =>
      readInputs({ directory, evidence: path.join(directory, 'evidence') }, text, secrets),
    );
    const started = await runtime.start(request, inputs, signal);
    const { exit, gone, skipped } = await superviseRun(started, {
      config,
      logsDirectory: logs,
      outputDirectory: output,
      signal,
    });
    await gone;
    for (const [name, why] of skipped) say(`output/${name} ${why}; not copied`);
    if ('reason' in exit && exit.reason !== '') say(exit.reason);
    return exitCodeOf(exit);
  } finally {
    await runtime.close();
  }
}

function say(message: string): void {
  process.stderr.write(`run-agent.sh: ${message}\n`);
}

const abort = new AbortController();
let stopped: number | undefined;
for (const [name, code] of Object.entries(SIGNALS)) {
  process.once(name, () => {
    stopped ??= code;
    abort.abort(new Error(`stopped by ${name}`));
  });
}
try {
  process.exitCode = await run(process.argv.slice(2), abort.signal);
} catch (error) {
  if (stopped === undefined) say(error instanceof Error ? error.message : String(error));
  process.exitCode =
    stopped ?? (error instanceof UsageError ? EXIT_USAGE : error instanceof EngineError ? EXIT_UNAVAILABLE : 1);
}
