import { KubernetesClients } from '@nightcrier/cluster/kubernetes/clients';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { Incident } from '@nightcrier/core/incidents/incident';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { Logger } from '@nightcrier/core/logger';
import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import type { Config } from '@nightcrier/core/settings/config';
import type { State } from '@nightcrier/state/open-state';
import { diagnose } from '../analyser/diagnose.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { writeEvidence } from '../evidence/write-evidence.ts';
import { KnowledgeBase } from '../knowledge/matching-knowledge.ts';
import { PermissionCache } from '../prepare/permission-cache.ts';
import { StageClock } from '../stage-clock.ts';
import type { TriageContext } from '../triage-context.ts';
import { TriageEnded } from '../triage-ended.ts';
import { writePrompt } from '../workspace/write-prompt.ts';
import { makeWorkspace, writeIncident } from '../workspace/workspace.ts';
import { investigate } from '../agent/investigate.ts';
import { IsolationProbe } from '../agent/isolation/isolation-probe.ts';
import { DockerRuntime } from '../agent/run/docker/docker-runtime.ts';

/** An incident whose evidence is recorded. */
export interface RecordedCase {
  incident: Incident;
  /** Of the account, if they were recorded. */
  permissions: ClusterPermissions | undefined;
  evidence: Evidence;
  /** Its kubeconfig leads to the recording. */
  cluster: ClusterConfig;
  kubeconfig: string;
}

export interface AgentReplayOptions {
  /** `agent_cli` runs once, without a fallback. */
  config: Config;
  /** Of a Redis of its own: nothing of an installation is counted or changed. */
  state: State;
  environment: Record<string, string | undefined>;
  signal: AbortSignal;
  logger: Logger;
}

/** Seconds, as in a worker. */
const GRACE = { overrun: 30, kill: 10 };

/**
 * Runs an agent on recorded evidence as a triage worker does: with the same workspace, prompt, container and gateway. The breaker is not
 * asked, and the report is returned as the agent wrote it.
 * @throws the signal's reason when it is aborted
 */
export async function replayAgent(
  { incident, permissions, evidence, cluster, kubeconfig }: RecordedCase,
  { config, state, environment, signal, logger }: AgentReplayOptions,
): Promise<TriageOutcome> {
  const workerId = `replay-${process.pid}`;
  const instance = await state.instance();
  const runtime = new DockerRuntime({ engine: () => config.agent_engine, environment, workerId });
  const { gateways, isolation: board } = state;
  const probe = { config: () => config, runtime, gateways, board, workerId, instance, logger };
  await using resources = new AsyncDisposableStack();
  resources.defer(async () => runtime.close());
  const isolation = resources.adopt(new IsolationProbe(probe), async (opened) => opened.stop());
  await using afterwards = new AsyncDisposableStack();
  const context: TriageContext = {
    config,
    incidents: state.incidents,
    permissions: new PermissionCache(),
    clients: new KubernetesClients(),
    alerts: state.alerts,
    breaker: state.breaker,
    environment,
    workerId,
    instance,
    runtime,
    knowledge: new KnowledgeBase(),
    isolation,
    prestarted: { take: async () => undefined },
    access: state,
    grace: GRACE,
    stages: new StageClock(),
    signal,
    afterwards,
    logger,
  };
  const workspace = makeWorkspace(config.workspace_root, incident.incident_id);
  writeIncident(workspace, incident, permissions);
  writeEvidence(evidence, workspace.evidence);
  const diagnosis = diagnose(evidence, incident.cluster_event.event);
  const causes = diagnosis.hypotheses.map(({ cause }) => cause);
  const articles = await context.knowledge.matching(config.knowledge_dir, incident, causes, logger);
  const claim = { incident, cluster, kubeconfig, resumed: false };
  try {
    writePrompt(incident, workspace, config, { diagnosis, articles });
    return await investigate({ failures: [] }, claim, workspace, Promise.resolve(evidence), context);
  } catch (error) {
    if (error instanceof TriageEnded) return error.outcome;
    throw error;
  }
}
