import type { KubernetesClients } from '@nightcrier/cluster/kubernetes/clients';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { AgentBreaker } from '@nightcrier/state/breaker/agent-breaker';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { Grace } from './agent/run/run-script.ts';
import type { ScriptHost } from './agent/run/script-host.ts';
import type { PermissionCache } from './prepare/permission-cache.ts';
import type { SpareWorkspace } from './workspace/spare-workspace.ts';
import type { StageClock } from './stage-clock.ts';

/** What every stage of one triage run may use. */
export interface TriageContext {
  config: Config;
  incidents: IncidentStore;
  permissions: PermissionCache;
  /** To read evidence with. */
  clients: KubernetesClients;
  /** Over all workers. */
  breaker: AgentBreaker;
  /** The worker's environment, of which the agent script gets a few variables. */
  environment: Record<string, string | undefined>;
  /** Names this worker on what it starts. */
  workerId: string;
  /** Names this installation on the containers that its workers start, see `readInstance`. */
  instance: string;
  /** Runs the agent scripts. */
  scripts: ScriptHost;
  /** For an incident that is given to an agent. */
  spare: SpareWorkspace;
  grace: Grace;
  /** Since the worker took the job. */
  stages: StageClock;
  /** Aborted when the worker shuts down, or when another worker has got the incident. */
  signal: AbortSignal;
  /** What is done once the outcome is recorded, and before another incident may have this one's place; the last first. */
  afterwards: AsyncDisposableStack;
  /** Names the incident on every line. */
  logger: Logger;
}
