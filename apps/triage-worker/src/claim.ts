import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { AgentFailure } from '@nightcrier/core/incidents/agent-failure';
import type { Incident } from '@nightcrier/core/incidents/incident';

/** An incident that this worker investigates. */
export interface Claim {
  /** `attempts` counts this attempt. */
  incident: Incident;
  cluster: ClusterConfig;
  /** Absolute path of a readable file. */
  kubeconfig: string;
  /** An earlier attempt was started, and may have left files and containers. */
  resumed: boolean;
  /** The attempts are used up, and the built-in analyser reports instead of an agent. */
  exhausted?: AgentFailure;
}
