import { runBuiltinAnalyser } from '../analyser/run-builtin-analyser.ts';
import type { Claim } from '../claim.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { TriageContext } from '../triage-context.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { openAccess } from './access/open-access.ts';
import { EngineError } from './run/engine/engine-error.ts';
import type { AgentRun, Timed } from '../agent-runtime.ts';
import type { OrphanedRun } from './run/find-orphaned-run.ts';
import { readInputs } from './run/archive/read-inputs.ts';
import { runRequest } from './run/run-request.ts';
import { runScript } from './run/script/run-script.ts';
import { endEarlierScript } from './run/script/script-process.ts';
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
  try {
    const run = found ? await context.runtime.adopt(found.container, signal) : await startRun(task);
    if ('exit' in run) return run;
    return await superviseRun(run, {
      config,
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

/** Starts the agent's container; settled if the agent has no access to what it needs. */
async function startRun(task: AgentTask): Promise<AgentRun | SupervisedRun> {
  const { claim, workspace, evidence, context } = task;
  const isolation = await context.isolation.check(context.signal);
  if (isolation.state === 'failed' || isolation.state === 'unknown') {
    const kind = isolation.state === 'failed' ? 'unusable' : 'unavailable';
    return settled({ kind, reason: `the isolation of agents is not proven: ${isolation.findings.join('; ')}` });
  }
  await using unused = new AsyncDisposableStack();
  const prestarted = await context.prestarted.take(context);
  unused.defer(async () => prestarted?.sandbox.remove().catch(() => undefined));
  const opening = openAccess({ claim, context, place: 'container', reservation: prestarted?.reservation });
  const access = await context.stages.time('access', opening);
  if ('reason' in access) return settled(access);
  unused.move();
  const inputs = evidence.then(async () => readInputs(workspace, access.kubeconfig ?? '', access.secrets));
  const { incident_id: incidentId, attempts: attempt } = claim.incident;
  const request = runRequest({ incidentId, attempt, clusterName: claim.cluster.name }, context, access);
  const { logger, runtime, signal, stages } = context;
  const timed: Timed = async (step, work) => stages.time(step, work);
  const run = prestarted
    ? await prestarted.sandbox.begin(request, inputs, signal, timed)
    : await runtime.start(request, inputs, signal, timed);
  logger.debug({ stages_ms: stages.times(), prestarted: prestarted !== undefined }, 'agent container started');
  return run;
}

/** Runs the script of `agent_script_path`, once the workspace is complete. */
async function runOwnScript(task: AgentTask, script: string): Promise<SupervisedRun> {
  const { claim, workspace, evidence, context } = task;
  const { workerId, instance, grace, logger } = context;
  if (await endEarlierScript(workspace.directory, grace.kill)) logger.warn({}, 'agent script of a dead worker ended');
  const access = await openAccess({ claim, context, place: 'script' });
  if ('reason' in access) return settled(access);
  await evidence;
  const { incident, cluster, kubeconfig } = claim;
  const ids = { incidentId: incident.incident_id, clusterName: cluster.name, attempt: incident.attempts };
  return settled(await runScript(script, { ...ids, kubeconfig, workspace, workerId, instance }, access, context));
}
