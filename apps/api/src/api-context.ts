import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import type { RedisProblem } from '@nightcrier/core/redis-health';
import type { ApiKeys } from '@nightcrier/state/access/api-keys';
import type { AuditLog } from '@nightcrier/state/access/audit-log';
import type { Sessions } from '@nightcrier/state/access/sessions';
import type { Users } from '@nightcrier/state/access/users';
import type { Budget } from '@nightcrier/core/gateway/budgets';
import type { ModelBudgets } from '@nightcrier/state/budgets/model-budgets';
import type { GatewayBoard } from '@nightcrier/state/gateways/gateway-board';
import type { AlertCounters } from '@nightcrier/state/alerts/alert-counters';
import type { Admission } from '@nightcrier/state/admission/admission';
import type { IsolationBoard } from '@nightcrier/state/gateways/isolation-board';
import type { ClusterHealthBoard, ConfiguredCluster } from '@nightcrier/state/health/cluster-health';
import type { AgentBreaker } from '@nightcrier/state/breaker/agent-breaker';
import type { ReceiverHealth } from '@nightcrier/state/notifications/receiver-health';
import type { Cancellations } from '@nightcrier/state/incidents/cancel';
import type { DamageRecord } from '@nightcrier/state/damage/damaged-values';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { IngesterHealthBoard } from '@nightcrier/state/health/ingester-health';
import type { IntakeCounters } from '@nightcrier/state/admission/intake-counters';
import type { Config } from '@nightcrier/core/settings/config';
import type { DoorRecords } from '@nightcrier/state/grants/door-records';
import type { Feedback } from '@nightcrier/state/incidents/feedback';
import type { Conversations } from '@nightcrier/state/notifications/conversations';
import type { Deliveries } from '@nightcrier/state/notifications/deliveries';
import type { ProblemSearch } from '@nightcrier/state/search/problem-search';
import type { Problems } from '@nightcrier/state/problems/problems';
import type { RedisConnection } from '@nightcrier/state/redis/connection';
import type { Silences } from '@nightcrier/state/silences/silences';
import type { StateKeys } from '@nightcrier/state/redis/keys';
import type { EventFeed } from './events/event-feed.ts';
import type { TriageCounters } from '@nightcrier/state/queue/triage-counters';

/** What the routes work with. */
export interface ApiContext {
  /** Rejects at once while Redis is unreachable. */
  redis: RedisConnection;
  keys: StateKeys;
  /** The clusters of the current configuration. */
  clusters: () => ConfiguredCluster[];
  /** `api.metrics_per_cluster` of the current configuration. */
  metricsPerCluster: () => boolean;
  /** Why a changed configuration was refused: by this process, or else by the ingesters. */
  refused: () => Promise<RefusedConfiguration[]>;
  health: ClusterHealthBoard;
  ingesters: IngesterHealthBoard;
  isolation: IsolationBoard;
  /** What was moved aside in Redis because it is damaged. */
  damage: DamageRecord;
  /** What is wrong with a Redis that answers. */
  serverProblems: () => Promise<RedisProblem[]>;
  incidents: IncidentStore;
  cancellations: Cancellations;
  /** For incidents that are requeued or split. */
  admission: Admission;
  intake: IntakeCounters;
  alerts: AlertCounters;
  triage: TriageCounters;
  breaker: AgentBreaker;
  receiverHealth: ReceiverHealth;
  budgets: ModelBudgets;
  /** `llm_budgets.per_day` of the current configuration. */
  dailyBudget: () => Budget | undefined;
  gateways: GatewayBoard;
  /** Returns the number of triage workers that are alive. */
  workersAlive: () => Promise<number>;
  apiKeys: ApiKeys;
  users: Users;
  sessions: Sessions;
  audit: AuditLog;
  silences: Silences;
  problems: Problems;
  problemSearch: ProblemSearch;
  feedback: Feedback;
  conversations: Conversations;
  deliveries: Deliveries;
  doorRecords: DoorRecords;
  /** The current configuration; undefined where the API was started without one. */
  config: () => Config | undefined;
  /** What happens in the installation, for pages and streams. */
  events: EventFeed;
  /** `workspace_root` of the configuration: where a worker of this machine keeps evidence. */
  workspaceRoot: () => string;
  logger: Logger;
}
