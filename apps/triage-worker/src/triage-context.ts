import type { KubernetesClients } from '@nightcrier/cluster/kubernetes/clients';
import type { PermissionQuestion } from '@nightcrier/cluster/kubernetes/permissions/preflight';
import type { Isolation } from '@nightcrier/core/gateway/isolation';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import type { AlertStore } from '@nightcrier/state/alerts/alert-store';
import type { AgentBreaker } from '@nightcrier/state/breaker/agent-breaker';
import type { State } from '@nightcrier/state/open-state';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { AgentRuntime, PrestartedAgent, ScriptGrace } from './agent-runtime.ts';
import type { KnowledgeBase } from './knowledge/matching-knowledge.ts';
import type { StageClock } from './stage-clock.ts';

/** Answers what a kubeconfig may do. */
export interface PermissionSource {
  /** @throws what `checkPermissions` throws */
  ask(question: PermissionQuestion, signal: AbortSignal): Promise<ClusterPermissions>;
  /** Discards the answers about a cluster: it has just refused a request. */
  forget(clusterName: string): void;
}

/** What every stage of one triage run may use. */
export interface TriageContext {
  config: Config;
  incidents: IncidentStore;
  permissions: PermissionSource;
  /** Reads evidence. */
  clients: KubernetesClients;
  /** The alerts that were received. */
  alerts: Pick<AlertStore, 'list'>;
  /** Shared by all workers. */
  breaker: AgentBreaker;
  /** The worker's environment, of which the agent script gets a few variables. */
  environment: Record<string, string | undefined>;
  /** Names this worker on what it starts. */
  workerId: string;
  /** Names this installation on the containers that its workers start, see `readInstance`. */
  instance: string;
  /** Runs agents in their sandbox. */
  runtime: AgentRuntime;
  /** Containers that wait for a run. */
  prestarted: { take(context: Pick<TriageContext, 'config' | 'access'>): Promise<PrestartedAgent | undefined> };
  /** Articles of the team, of `knowledge_dir`. */
  knowledge: KnowledgeBase;
  /** Proves that agents reach nothing but the gateway. */
  isolation: { check(signal: AbortSignal): Promise<Isolation> };
  /** Access of agents through the gateway. */
  access: Pick<State, 'grants' | 'doorRecords' | 'gateways' | 'runSockets'>;
  grace: ScriptGrace;
  /** Started when the worker took the job. */
  stages: StageClock;
  /** Aborted when the worker shuts down, or when another worker has got the incident. */
  signal: AbortSignal;
  /** Runs once the outcome is recorded, before another incident may take this one's slot; last in, first out. */
  afterwards: AsyncDisposableStack;
  /** Names the incident on every line. */
  logger: Logger;
}
