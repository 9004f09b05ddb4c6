import { runBuiltinAnalyser } from '../analyser/run-builtin-analyser.ts';
import type { Claim } from '../claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { TriageContext } from '../triage-context.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { OrphanedRun } from './run/find-orphaned-run.ts';
import { runScript, type ScriptRun } from './run/run-script.ts';
import { scriptArguments } from './run/script-arguments.ts';
import { scriptEnvironment } from './run/script-environment.ts';

/**
 * Runs the agent `agent_cli` within `agent_timeout`. A script starts while the evidence is being collected, and waits for
 * it. The agent writes its report into the output directory of the workspace.
 * @param options.because why the configured agent did not report, for the report of the built-in analyser
 * @param options.orphan a run to adopt, in place of a new one
 * @param evidence resolves when it is in the workspace
 * @throws the signal's reason when it is aborted, or the rejection of the evidence
 */
export async function runAgent(
  claim: Claim,
  workspace: Workspace,
  evidence: Promise<Evidence>,
  context: TriageContext,
  { because, orphan }: { because: string | undefined; orphan: OrphanedRun | undefined },
): Promise<ScriptRun> {
  const { config, signal } = context;
  signal.throwIfAborted();
  if (config.agent_cli === 'builtin') {
    // Rules over evidence in memory: it needs no deadline.
    const clusterEvent = claim.incident.cluster_event;
    runBuiltinAnalyser({ evidence: await evidence, clusterEvent, outputDirectory: workspace.output, because });
    return { exit: { kind: 'exited', code: 0, lastLine: '' }, gone: Promise.resolve() };
  }
  const { incident, cluster, kubeconfig } = claim;
  const run = {
    incidentId: incident.incident_id,
    clusterName: cluster.name,
    attempt: orphan?.attempt ?? incident.attempts,
    kubeconfig,
    workspace,
    workerId: context.workerId,
    instance: context.instance,
    adopt: orphan !== undefined,
  };
  const environment = await readEnvironment(context);
  if (typeof environment === 'string') {
    return { exit: { kind: 'unusable', reason: environment }, gone: Promise.resolve() };
  }
  return runScript({
    scripts: context.scripts,
    script: config.agent_script_path,
    arguments: scriptArguments(run, config),
    environment,
    directory: workspace.directory,
    logsDirectory: workspace.logs,
    // An adopted run waits for nothing.
    ready: orphan ? Promise.resolve() : evidence,
    timeoutSeconds: config.agent_timeout,
    grace: context.grace,
    signal,
  });
}

/** Returns the environment of the script, or, as text, why it cannot be read. */
async function readEnvironment({ config, environment }: TriageContext): Promise<Record<string, string> | string> {
  try {
    return await scriptEnvironment(config, environment);
  } catch (cause) {
    return `the key for ${config.agent_cli} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}
