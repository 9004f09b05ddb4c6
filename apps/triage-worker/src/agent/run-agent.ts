import type { Settings } from '@nightcrier/core/settings/config';
import { runBuiltinAnalyser } from '../analyser/run-builtin-analyser.ts';
import type { Claim } from '../claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { TriageContext } from '../triage-context.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { EngineError } from './run/engine/engine-error.ts';
import type { AgentRun } from '../agent-runtime.ts';
import type { OrphanedRun } from './run/find-orphaned-run.ts';
import { type ProviderAccess, providerAccess, scriptEnvironment } from './run/provider-environment.ts';
import { readInputs } from './run/archive/read-inputs.ts';
import { runRequest } from './run/run-request.ts';
import { runScript } from './run/script/run-script.ts';
import { scriptArguments } from './run/script/script-arguments.ts';
import { type SupervisedRun, settled, superviseRun } from './run/supervise-run.ts';

/** One agent on one workspace. */
interface AgentTask {
  claim: Claim;
  workspace: Workspace;
  /** Resolves when it is in the workspace. */
  evidence: Promise<Evidence>;
  context: TriageContext;
}

/**
 * Runs the agent `agent_cli` within `agent_timeout`. Its container is created while the evidence is being collected. The agent
 * writes its report into the output directory of the workspace.
 * @param options.because why the configured agent did not report, for the report of the built-in analyser
 * @param options.orphan a run to adopt, in place of a new one
 * @throws the signal's reason when it is aborted, or the rejection of the evidence
 */
export async function runAgent(
  task: AgentTask,
  { because, orphan }: { because: string | undefined; orphan: OrphanedRun | undefined },
): Promise<SupervisedRun> {
  const { claim, workspace, evidence, context } = task;
  const { config, signal } = context;
  signal.throwIfAborted();
  if (config.agent_cli === 'builtin') {
    // Rules over evidence in memory: it needs no deadline.
    const clusterEvent = claim.incident.cluster_event;
    runBuiltinAnalyser({ evidence: await evidence, clusterEvent, outputDirectory: workspace.output, because });
    return settled({ kind: 'exited', code: 0, lastLine: '' });
  }
  if (orphan?.found.kind === 'recorded') return settled(orphan.found.exit);
  if (orphan === undefined && config.agent_script_path !== undefined) {
    return runOwnScript(task, config.agent_script_path);
  }
  const found = orphan?.found;
  const access = found ? { variables: {}, secrets: {} } : await readAccess(config);
  if (typeof access === 'string') return settled({ kind: 'unusable', reason: access });
  try {
    const run = found ? await context.runtime.adopt(found.container, signal) : await startRun(task, access);
    return await superviseRun(run, {
      agent: config.agent_cli,
      model: config.agent_model,
      image: config.agent_image,
      memory: config.agent_memory,
      logsDirectory: workspace.logs,
      outputDirectory: workspace.output,
      signal,
    });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const reason = `the container engine or the agent image is unavailable: ${error.message}`;
    return settled({ kind: 'unavailable', reason });
  }
}

async function startRun({ claim, workspace, evidence, context }: AgentTask, access: ProviderAccess): Promise<AgentRun> {
  const inputs = evidence.then(async () => readInputs(workspace, claim.kubeconfig, access.secrets));
  const { incident_id: incidentId, attempts: attempt } = claim.incident;
  const request = runRequest({ incidentId, attempt, clusterName: claim.cluster.name }, context, access.variables);
  return context.runtime.start(request, inputs, context.signal);
}

/** Runs the script of `agent_script_path`, once the workspace is complete. */
async function runOwnScript(task: AgentTask, script: string): Promise<SupervisedRun> {
  const { claim, workspace, evidence, context } = task;
  const { config, signal, workerId, instance, grace } = context;
  const environment = await readEnvironment(context);
  if (typeof environment === 'string') return settled({ kind: 'unusable', reason: environment });
  await evidence;
  const run = {
    incidentId: claim.incident.incident_id,
    clusterName: claim.cluster.name,
    attempt: claim.incident.attempts,
    kubeconfig: claim.kubeconfig,
    workspace,
    workerId,
    instance,
  };
  const exit = await runScript({
    script,
    arguments: scriptArguments(run, config),
    environment,
    directory: workspace.directory,
    logsDirectory: workspace.logs,
    timeoutSeconds: config.agent_timeout,
    grace,
    signal,
  });
  return settled(exit);
}

/** Returns what the agent's CLI needs to reach its model, or, as text, why it cannot be read. */
async function readAccess(config: Settings): Promise<ProviderAccess | string> {
  return providerAccess(config).catch((error: unknown) => keyProblem(config, error));
}

/** Returns the environment of a script, or, as text, why it cannot be read. */
async function readEnvironment({ config, environment }: TriageContext): Promise<Record<string, string> | string> {
  return scriptEnvironment(config, environment).catch((error: unknown) => keyProblem(config, error));
}

function keyProblem({ agent_cli: agent }: Settings, error: unknown): string {
  return `the key for ${agent} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
