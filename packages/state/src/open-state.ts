import type { Logger } from '@nightcrier/core/logger';
import type { RedisProblem } from '@nightcrier/core/redis-health';
import type { Redis } from 'ioredis';
import { ApiKeys } from './access/api-keys.ts';
import { AuditLog } from './access/audit-log.ts';
import { Sessions } from './access/sessions.ts';
import { Users } from './access/users.ts';
import { Admission } from './admission/admission.ts';
import type { AdmissionSettings } from './admission/admission-settings.ts';
import { Storms } from './admission/storms.ts';
import { IntakeCounters } from './admission/intake-counters.ts';
import { AlertCounters } from './alerts/alert-counters.ts';
import { AlertStore } from './alerts/alert-store.ts';
import { AgentBreaker } from './breaker/agent-breaker.ts';
import { ModelBudgets } from './budgets/model-budgets.ts';
import { GatewayBoard } from './gateways/gateway-board.ts';
import { IsolationBoard } from './gateways/isolation-board.ts';
import { RunSockets } from './gateways/run-sockets.ts';
import { DoorRecords } from './grants/door-records.ts';
import { Grants } from './grants/grants.ts';
import { EventStream } from './events/event-stream.ts';
import { DamageRecord } from './damage/damaged-values.ts';
import { tolerateDamage } from './damage/tolerant-writes.ts';
import { ClusterHealthBoard } from './health/cluster-health.ts';
import { IngesterHealthBoard } from './health/ingester-health.ts';
import { LastContacts } from './health/last-contact.ts';
import { Cancellations } from './incidents/cancel.ts';
import { IncidentStore } from './incidents/incidents.ts';
import { ClusterLeases, type ClusterLeasesOptions } from './leases/cluster-leases.ts';
import { IngesterBoard } from './leases/ingesters.ts';
import { NotificationOutbox } from './notifications/notification-outbox.ts';
import {
  type NotificationQueue,
  notificationQueueRepair,
  openNotificationQueue,
} from './notifications/notification-queue.ts';
import { Conversations } from './notifications/conversations.ts';
import { Deliveries } from './notifications/deliveries.ts';
import { PostedAlerts } from './notifications/posted-alerts.ts';
import { ReceiverHealth } from './notifications/receiver-health.ts';
import { SocketLease } from './notifications/socket-lease.ts';
import { ProblemOutbox } from './notifications/problem-outbox.ts';
import { SlackCards } from './notifications/slack-cards.ts';
import { Problems } from './problems/problems.ts';
import { ProblemSearch } from './search/problem-search.ts';
import { Feedback } from './incidents/feedback.ts';
import { ClusterSlots, type ClusterSlotsOptions } from './queue/cluster-slots.ts';
import { JobLocks } from './queue/job-locks.ts';
import { LiveWorkers, type Takeover } from './queue/live-workers.ts';
import { QueueSweep } from './queue/queue-sweep.ts';
import { TriageCounters } from './queue/triage-counters.ts';
import { openTriageQueue, type TriageQueue } from './queue/triage-queue.ts';
import { leaveReplica } from './redis/connection.ts';
import { BullmqScripts } from './redis/bullmq-scripts.ts';
import { readInstance } from './redis/instance.ts';
import { StateKeys } from './redis/keys.ts';
import { SelfWatch, type SelfWatchOptions } from './self-watch/self-watch.ts';
import type { StateContext } from './redis/state-context.ts';
import { Silences } from './silences/silences.ts';
import { SilencedFaults } from './silences/silenced-faults.ts';
import { readServerProblems } from './server/redis-server.ts';

export interface StateOptions {
  /** `redis.key_prefix` of the configuration. */
  key_prefix: string;
  logger: Logger;
  /** Returns the time in milliseconds since the epoch. Default: the clock of this process. */
  now?: () => number;
}

/** The stores of one installation over one connection. The `open…` methods return something that the caller configures. */
export interface State {
  readonly redis: Redis;
  readonly keys: StateKeys;
  readonly incidents: IncidentStore;
  readonly intake: IntakeCounters;
  readonly triage: TriageCounters;
  readonly breaker: AgentBreaker;
  readonly grants: Grants;
  readonly doorRecords: DoorRecords;
  readonly gateways: GatewayBoard;
  readonly runSockets: RunSockets;
  readonly isolation: IsolationBoard;
  readonly budgets: ModelBudgets;
  readonly clusterHealth: ClusterHealthBoard;
  readonly ingesterHealth: IngesterHealthBoard;
  readonly ingesters: IngesterBoard;
  readonly lastContacts: LastContacts;
  readonly problems: Problems;
  readonly problemSearch: ProblemSearch;
  readonly feedback: Feedback;
  readonly alerts: AlertStore;
  readonly alertCounters: AlertCounters;
  readonly outbox: NotificationOutbox;
  readonly problemOutbox: ProblemOutbox;
  readonly conversations: Conversations;
  readonly deliveries: Deliveries;
  readonly receiverHealth: ReceiverHealth;
  readonly postedAlerts: PostedAlerts;
  readonly socketLease: SocketLease;
  readonly slackCards: SlackCards;
  readonly apiKeys: ApiKeys;
  readonly audit: AuditLog;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly silences: Silences;
  readonly silencedFaults: SilencedFaults;
  readonly damage: DamageRecord;
  readonly events: EventStream;
  /** Returns what is wrong with the server, see `readServerProblems`. Leaves one that is no master any more. */
  serverProblems(): Promise<RedisProblem[]>;
  /** Returns the name of this installation, see `readInstance`. */
  instance(): Promise<string>;
  /** See `openTriageQueue` for the kind of connection that it needs. */
  openQueue(): TriageQueue;
  openNotificationQueue(target: string): NotificationQueue;
  /** Moves damaged structures of a target's queue aside. */
  repairNotifications(target: string): Promise<void>;
  /** @throws Error when the installed BullMQ has changed a script that admission runs. */
  openAdmission(queue: TriageQueue, settings: AdmissionSettings): Admission;
  openStorms(admission: Admission): Storms;
  openSelfWatch(options: SelfWatchOptions): SelfWatch;
  /** @throws Error when the installed BullMQ has changed a script that cancelling runs. */
  openCancellations(): Cancellations;
  openLeases(options: ClusterLeasesOptions): ClusterLeases;
  /** @throws Error when the installed BullMQ has changed a script that parking runs. */
  openSlots(options: ClusterSlotsOptions): ClusterSlots;
  /** @param duration of a lock, ms */
  openJobLocks(duration: number): JobLocks;
  /** @param length see `LiveWorkers` */
  openLiveWorkers(length: number, takeover?: Takeover): LiveWorkers;
  /** @throws Error when the installed BullMQ has changed a script that the sweep runs. */
  openSweep(): QueueSweep;
}

/**
 * Makes the stores over a connection, which the caller closes: a producer connection where a caller needs an error at
 * once, a worker connection where it can wait for Redis (see `redis/connection.ts`). Sends nothing to Redis.
 * @throws RangeError when the key prefix has other characters than letters, digits, `_` and `-`.
 */
export function openState(redis: Redis, { key_prefix, logger, now = Date.now }: StateOptions): State {
  const keys = new StateKeys(key_prefix);
  const context: StateContext = { redis, keys, bullmq: new BullmqScripts(logger), logger, now };
  tolerateDamage(context);
  const incidents = new IncidentStore(context);
  return {
    redis,
    keys,
    incidents,
    intake: new IntakeCounters(context),
    triage: new TriageCounters(context),
    breaker: new AgentBreaker(context),
    grants: new Grants(context),
    doorRecords: new DoorRecords(context),
    gateways: new GatewayBoard(context),
    runSockets: new RunSockets(context),
    isolation: new IsolationBoard(context),
    budgets: new ModelBudgets(context),
    clusterHealth: new ClusterHealthBoard(context),
    ingesterHealth: new IngesterHealthBoard(context),
    ingesters: new IngesterBoard(context),
    lastContacts: new LastContacts(context),
    problems: new Problems(context),
    problemSearch: new ProblemSearch(context),
    feedback: new Feedback(context),
    alerts: new AlertStore(context),
    alertCounters: new AlertCounters(context),
    outbox: new NotificationOutbox(context),
    problemOutbox: new ProblemOutbox(context),
    conversations: new Conversations(context),
    deliveries: new Deliveries(context),
    receiverHealth: new ReceiverHealth(context),
    postedAlerts: new PostedAlerts(context),
    socketLease: new SocketLease(context),
    slackCards: new SlackCards(context),
    apiKeys: new ApiKeys(context),
    audit: new AuditLog(context),
    users: new Users(context),
    sessions: new Sessions(context),
    silences: new Silences(context),
    silencedFaults: new SilencedFaults(context),
    damage: new DamageRecord(context),
    events: new EventStream(context),
    serverProblems: async () => {
      const problems = await readServerProblems(redis, key_prefix);
      if (problems.some(({ code }) => code === 'replica')) leaveReplica(redis);
      return problems;
    },
    instance: () => readInstance(context, key_prefix),
    openQueue: () => openTriageQueue(context),
    openNotificationQueue: (target) => openNotificationQueue(context, target),
    repairNotifications: notificationQueueRepair(context),
    openStorms: (admission) => new Storms(context, admission),
    openSelfWatch: (options) => new SelfWatch(context, options),
    openAdmission: (queue, settings) => new Admission(context, queue, settings),
    openCancellations: () => new Cancellations(context),
    openLeases: (options) => new ClusterLeases(context, options),
    openSlots: (options) => new ClusterSlots(context, options),
    openJobLocks: (duration) => new JobLocks(context, duration),
    openLiveWorkers: (length, takeover) => new LiveWorkers(context, length, takeover),
    openSweep: () => new QueueSweep(context, incidents),
  };
}
