import { runBuiltinAnalyser } from '../analyser/run-builtin-analyser.ts';
import type { Claim } from '../prepare/claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { TriageContext } from '../triage-context.ts';
import { TriageEnded } from '../triage-ended.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { OrphanedRun } from './run/find-orphaned-run.ts';
import { runScript, type ScriptRun } from './run/run-script.ts';
import { scriptArguments } from './run/script-arguments.ts';
import { scriptEnvironment } from './run/script-environment.ts';

/**
 * Lets the configured agent investigate, within `agent_timeout`. A script is begun while the evidence is being gathered, and
 * waits for it. The agent leaves its report in the workspace's output directory; whether it is one is judged afterwards.
 * @param options.because why it is not the configured agent that investigates, where it is not
 * @param options.left a run that has begun already, to be followed to its end in place of a new one
 * @param evidence resolves when it is in the workspace
 * @throws the signal's reason when it is aborted, or what the evidence was rejected with
 */
export async function runAgent(
  claim: Claim,
  workspace: Workspace,
  evidence: Promise<Evidence>,
  context: TriageContext,
  { because, left }: { because?: string | undefined; left?: OrphanedRun | undefined } = {},
): Promise<ScriptRun> {
  const { config, signal } = context;
  signal.throwIfAborted();
  if (config.agent_cli === 'builtin') {
    // Rules over evidence that is already here: it neither waits nor outlives any deadline.
    const clusterEvent = claim.incident.cluster_event;
    runBuiltinAnalyser({ evidence: await evidence, clusterEvent, outputDirectory: workspace.output, because });
    return { exit: { kind: 'exited', code: 0, lastLine: '' }, gone: Promise.resolve() };
  }
  const { incident, cluster, kubeconfig } = claim;
  const run = {
    incidentId: incident.incident_id,
    clusterName: cluster.name,
    attempt: left?.attempt ?? incident.attempts,
    kubeconfig,
    workspace,
    workerId: context.workerId,
    instance: context.instance,
    adopt: left !== undefined,
  };
  return runScript({
    scripts: context.scripts,
    script: config.agent_script_path,
    arguments: scriptArguments(run, config),
    environment: await readEnvironment(context),
    directory: workspace.directory,
    logsDirectory: workspace.logs,
    // One that is followed has begun long ago, and needs nothing more.
    ready: left ? Promise.resolve() : evidence,
    timeoutSeconds: config.agent_timeout,
    grace: context.grace,
    signal,
  });
}

async function readEnvironment({ config, environment }: TriageContext): Promise<Record<string, string>> {
  try {
    return await scriptEnvironment(config, environment);
  } catch (cause) {
    const reason = `the key for ${config.agent_cli} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new TriageEnded({ kind: 'failed', reason }, { cause });
  }
}
