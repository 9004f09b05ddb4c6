import type { ProblemState } from '@nightcrier/core/problems/problem';
import type { IncidentState } from '@nightcrier/core/incidents/incident';
import { storedName } from '@nightcrier/core/incidents/stored-name';

/** The name of the triage queue; its worker is `new Worker(QUEUE_NAME, …, { prefix: state.keys.bullmq })`. */
export const QUEUE_NAME = 'triage';

/**
 * All keys of Nightcrier in Redis, and what they hold. All begin with the hash tag `{<key_prefix>}`, as BullMQ's keys do
 * (`{<key_prefix>}:triage:…`), so that one script may use both. Scripts compose the same names in `lua/keys.lua`.
 */
export class StateKeys {
  /** BullMQ's `prefix` option. */
  readonly bullmq: string;
  /** Prefix of all keys but BullMQ's. */
  readonly ours: string;
  /** Sorted set: id of every incident that has a row, by its creation in ms. */
  readonly incidents: string;
  /** Hash, the books: `<entry>` and `<entry>:<cluster>` to a count, see `books.ts` of the core package. */
  readonly intake: string;
  /** Hash: `<outcome>:runs`, `<outcome>:seconds` and `usage:<figure>:<agent>` to a count since the installation. */
  readonly triage: string;
  /** String: the name of this installation, see `instance.ts`. */
  readonly instance: string;
  /** Hash: name of a cluster to the JSON of its last health report. */
  readonly health: string;
  /** Hash: name of a cluster to the JSON of the last contact with it. */
  readonly lastContacts: string;
  /** Hash: `<reason>:<cluster>` to a count of malformed messages since the installation. */
  readonly malformed: string;
  /** Hash: name of a cluster to the JSON of its lease. */
  readonly leases: string;
  /** String: the last fencing token. */
  readonly leaseToken: string;
  /** Sorted set: id of each ingester that takes clusters, by the time in ms at which it counts as dead. */
  readonly ingesters: string;
  /** Sorted set: id of each ingester, also of one that leaves, by the time in ms until which its leases are valid. */
  readonly leaseOwners: string;
  /** Sorted set: clusters whose leases have changed, by the fencing token of the change. */
  readonly leaseLog: string;
  /** Sorted set: id of each ingester by the time in ms until which it counts as running. */
  readonly ingesterPulse: string;
  /** Hash: id of an ingester to the JSON of the configuration that it refuses. */
  readonly refusedConfigurations: string;
  /** Hash: id of an ingester to the JSON of its last health report. */
  readonly ingesterHealth: string;
  /** Sorted set: id of each triage worker, by the time in ms at which it counts as dead. */
  readonly workers: string;
  /** Hash: id of a gateway to the JSON of its addresses and of its last sign of life. */
  readonly gateways: string;
  /** Hash: id of each triage worker to the JSON of what it knows of the isolation of its agents. */
  readonly isolation: string;
  /** Hash: name of the directory with the sockets of a run to the JSON of the run. */
  readonly runSockets: string;
  /** Hash: id of each triage worker to the JSON of its last heartbeat and process, see `queue/lua/dead-workers.lua`. */
  readonly workerRecords: string;
  /** Hash: notifications that no queue has accepted yet, see `NotificationOutbox`. */
  readonly dueNotifications: string;
  /** Hash: notifications about problems that no queue has accepted yet, see `ProblemOutbox`. */
  readonly dueProblemNotifications: string;
  /** Hash: target of notifications to the JSON of how its deliveries go, see `ReceiverHealth`. */
  readonly receivers: string;
  /** Sorted set: `<target> <cluster>/<problem>` by the time in ms at which the target is notified again. */
  readonly repeats: string;
  /** Hash: what scripts have moved aside, see `redis/tolerant-redis.lua`: number to JSON, and `count`. */
  readonly damaged: string;
  /** Hash: the breaker of agents, see `breaker/lua/agent-breaker.lua`. */
  readonly agentBreaker: string;

  /** Hash: id of each API key to its JSON, with the hash of its secret. */
  readonly apiKeys: string;
  /** Hash: name of each local user to its JSON, with the hash of its password. */
  readonly users: string;
  /** Sorted set: SHA-256 of the secret of each session, by the time in ms at which it ends in any case. */
  readonly sessions: string;
  /** Hash: id of each silence to its JSON. */
  readonly silences: string;
  /** Sorted set: JSON of the latest changes by people, by their sequence number; and string: the last number. */
  readonly audit: string;
  readonly auditSequence: string;
  /** Stream: the latest events, see `EventStream`. */
  readonly events: string;

  constructor(keyPrefix: string) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(keyPrefix))
      throw new RangeError(`key_prefix ${JSON.stringify(keyPrefix)} must be 1 to 64 letters, digits, "_" or "-"`);
    this.bullmq = `{${keyPrefix}}`;
    this.ours = `${this.bullmq}:`;
    this.incidents = `${this.ours}incidents`;
    this.intake = `${this.ours}intake`;
    this.triage = `${this.ours}triage-runs`;
    this.instance = `${this.ours}instance`;
    this.health = `${this.ours}health`;
    this.lastContacts = `${this.ours}last-contacts`;
    this.malformed = `${this.ours}malformed`;
    this.leases = `${this.ours}leases`;
    this.leaseToken = `${this.ours}lease-token`;
    this.ingesters = `${this.ours}ingesters`;
    this.leaseOwners = `${this.ours}lease-owners`;
    this.leaseLog = `${this.ours}lease-log`;
    this.ingesterPulse = `${this.ours}ingester-pulse`;
    this.refusedConfigurations = `${this.ours}refused-configurations`;
    this.ingesterHealth = `${this.ours}ingester-health`;
    this.workers = `${this.ours}workers`;
    this.gateways = `${this.ours}gateways`;
    this.isolation = `${this.ours}isolation`;
    this.runSockets = `${this.ours}run-sockets`;
    this.workerRecords = `${this.ours}worker-records`;
    this.dueNotifications = `${this.ours}due-notifications`;
    this.dueProblemNotifications = `${this.ours}due-problem-notifications`;
    this.receivers = `${this.ours}receivers`;
    this.repeats = `${this.ours}notification-repeats`;
    this.damaged = `${this.ours}damaged`;
    this.agentBreaker = `${this.ours}agent-breaker`;
    this.apiKeys = `${this.ours}api-keys`;
    this.users = `${this.ours}users`;
    this.sessions = `${this.ours}sessions`;
    this.silences = `${this.ours}silences`;
    this.audit = `${this.ours}audit`;
    this.events = `${this.ours}events`;
    this.auditSequence = `${this.ours}audit-sequence`;
  }

  /** Channel on which nothing is sent: an ingester is subscribed to its own as long as its connection is open. */
  connectedChannel(ingester: string): string {
    return `${this.ours}connected:${ingester}`;
  }

  /** Hash: the row of an incident, see `incident-row.ts`. */
  incident(id: string): string {
    return `${this.ours}incident:${id}`;
  }

  /** String: the Markdown of an incident's report. */
  report(id: string): string {
    return `${this.ours}report:${id}`;
  }

  /** Hash: author to the JSON of what they think of an incident's report, see `Feedback`. */
  feedback(id: string): string {
    return `${this.ours}feedback:${id}`;
  }

  /** String: JSON of a grant, by the SHA-256 of its token, hexadecimal. Expires with the grant. */
  grant(tokenHash: string): string {
    return `${this.ours}grant:${tokenHash}`;
  }

  /** Set: `<attempt>:<hash of the token>` of the grants of an incident. */
  grants(incidentId: string): string {
    return `${this.ours}grants:${incidentId}`;
  }

  /** String: JSON of a session, by the SHA-256 of its secret, hexadecimal. Expires after a time without requests. */
  session(hash: string): string {
    return `${this.ours}session:${hash}`;
  }

  /** Set: ids of the gateways that listen on the sockets of a run. Expires with its grant. */
  runListeners(socket: string): string {
    return `${this.ours}run-listeners:${socket}`;
  }

  /** Sorted set: has a member when a gateway has to read {@link runSockets} again. Expires within a minute. */
  gatewayWake(gatewayId: string): string {
    return `${this.ours}gateway-wake:${gatewayId}`;
  }

  /** Hash: what models have cost in a scope, see `budgets/lua/reserve-budget.lua`. */
  budget(scope: string): string {
    return `${this.ours}budget:${scope}`;
  }

  /** Hash: the scopes whose budget a request has exceeded, see `budgets/lua/reserve-budget.lua`. */
  get exhaustedBudgets(): string {
    return `${this.ours}exhausted-budgets`;
  }

  /** List: JSON of requests through the gateway of one run of an agent, denied ones at its begin. */
  doorEntries(incidentId: string, attempt: number): string {
    return `${this.ours}door-entries:${incidentId}:${attempt}`;
  }

  /** Hash: what one run of an agent has done through the gateway, see `DoorSummary` of the core package. */
  doorCounts(incidentId: string, attempt: number): string {
    return `${this.ours}door-counts:${incidentId}:${attempt}`;
  }

  /** List: what one run of an agent has read of its cluster last. */
  doorAnswers(incidentId: string, attempt: number): string {
    return `${this.ours}door-answers:${incidentId}:${attempt}`;
  }

  /** String: JSON of the location of a message in Slack, by the problem or incident that it is about, see `SlackCards`. */
  slackCard(subject: string): string {
    return `${this.ours}slack-card:${subject}`;
  }

  /** Hash: what targets were notified of a problem, see `Conversations`. */
  conversation(problem: string): string {
    return `${this.ours}conversation:${problem}`;
  }

  /** List: JSON of the latest deliveries of a problem's notifications, see `Deliveries`. */
  deliveries(problem: string): string {
    return `${this.ours}deliveries:${problem}`;
  }

  /** String: the process that keeps the socket of a Slack app open. */
  socketLease(target: string): string {
    return `${this.ours}socket-lease:${target}`;
  }

  /** Hash: `<cluster>/<problem>` to the JSON of the alert that is posted again and again to a target. */
  postedAlerts(target: string): string {
    return `${this.ours}posted-alerts:${target}`;
  }

  /** Sorted set: ids of the incidents in a state, by their creation in ms. */
  incidentsIn(state: IncidentState): string {
    return `${this.incidents}:${storedName(state)}`;
  }

  /** Sorted set: ids of the incidents of a cluster, by their creation in ms. */
  incidentsOf(cluster: string): string {
    return `${this.ours}incidents-of:${cluster}`;
  }

  /**
   * Strings. The first exists while a process indexes the incidents of former versions by cluster, and for a day afterwards; the
   * second, once all have been indexed.
   */
  get incidentsIndexed(): { running: string; complete: string } {
    return { running: `${this.ours}incidents-indexing`, complete: `${this.ours}incidents-indexed` };
  }

  /**
   * Sorted set: ids of the waiting incidents of one cluster or of all, by eviction score; the first one is evicted first. The
   * set of one cluster is complete when {@link clustersIndexed} exists.
   */
  waiting(cluster?: string): string {
    return cluster === undefined ? `${this.ours}waiting` : `${this.ours}waiting:${cluster}`;
  }

  /** String, set once a process has bounded the clusters: waiting incidents are indexed by cluster. */
  get clustersIndexed(): string {
    return `${this.ours}clusters-indexed`;
  }

  /** String: the fault owner, which is the id of the latest incident for a fault, and when the fault was last seen, ms. */
  fault(cluster: string, fingerprint: string): string {
    return `${this.ours}fault:${cluster}:${fingerprint}`;
  }

  /** String: id of the open incident that lists the other faults of a group, see `groupKey`. */
  group(cluster: string, group: string): string {
    return `${this.ours}group:${cluster}:${group}`;
  }

  /** Sorted set: ids of the latest calls without a lasting row, by time; and hash: their answers. */
  get countedCalls(): string[] {
    return [`${this.ours}counted-calls`, `${this.ours}counted-answers`];
  }

  /** String: the sequence number of the last batch of early counts of a source; expires 30 days after it. */
  countedBatch(source: string): string {
    return `${this.ours}counted-batch:${source}`;
  }

  /** Hashes, see `queue/lua/fair-tags`: the next tag of each cluster, and the tag that started last; by severity. */
  get fairTags(): string[] {
    return [`${this.ours}fair:next`, `${this.ours}fair:started`];
  }

  /** Hash: the row of a problem, see `problems/lua/state/change-problem.lua`; `problem` as `problemKey` of the core package makes it. */
  problem(cluster: string, problem: string): string {
    return `${this.ours}problem:${cluster}:${problem}`;
  }

  /** Sorted set: `<cluster>|<problem>` of the problems in a state, of one cluster or of all, by when they entered it, ms. */
  problemsIn(state: ProblemState, cluster?: string): string {
    return `${this.ours}problems-in:${state}${cluster === undefined ? '' : `:${cluster}`}`;
  }

  /** String: id of the process that writes own failures; expires when it is silent. */
  get selfWatch(): string {
    return `${this.ours}self-watch`;
  }

  /** String: exists while the heartbeat of this minute was called. */
  get heartbeat(): string {
    return `${this.ours}heartbeat`;
  }

  /** Sorted set: `<cluster>|<problem>` of the first problem of each storm that is to be decided about, by its begin in ms. */
  get storms(): string {
    return `${this.ours}storms`;
  }

  /** Hash: keys of the problems that wait for the first one of their storm, to the JSON of trait and fault. */
  stormMembers(cluster: string, problem: string): string {
    return `${this.ours}storm-members:${cluster}:${problem}`;
  }

  /** String: exists for a day after the problems of former versions were listed by their state. */
  get problemsIndexed(): string {
    return `${this.ours}problems-indexed`;
  }

  /** Sorted set: keys of the problems of a cluster, by their last change in ms. */
  problems(cluster: string): string {
    return `${this.ours}problems:${cluster}`;
  }

  /** Hash: fingerprint of each alert of a cluster that was received, to its JSON, see `StoredAlert` of the core package. */
  alerts(cluster: string): string {
    return `${this.ours}alerts:${cluster}`;
  }

  /** Sorted set: fingerprints of the alerts of a cluster, by when they count as resolved or are forgotten, in ms. */
  alertEnds(cluster: string): string {
    return `${this.ours}alert-ends:${cluster}`;
  }

  /** Set: the clusters with remembered alerts. */
  get alertedClusters(): string {
    return `${this.ours}alerted-clusters`;
  }

  /** Hash: outcome of received alerts to a count since the installation. */
  get alertCounts(): string {
    return `${this.ours}alert-counts`;
  }

  /** Hash: fingerprint to JSON of the latest alerts that could not be assigned; and sorted set: when each was received, ms. */
  get unassignedAlerts(): string[] {
    return [`${this.ours}unassigned-alerts`, `${this.ours}unassigned-alerts-seen`];
  }

  /** Set: the clusters with silenced problems. */
  get silencedClusters(): string {
    return `${this.ours}silenced-clusters`;
  }

  /** Hash: `<problem>` or `fault:<fingerprint>` of what is silenced in a cluster, to the JSON of its latest fault, see `SilencedFaults`. */
  silencedFaults(cluster: string): string {
    return `${this.ours}silenced-faults:${cluster}`;
  }

  /** Sorted set: ids of the incidents of a cluster that hold a slot, by the end of their lease in ms. */
  slots(cluster: string): string {
    return `${this.ours}slots:${cluster}`;
  }

  /** Sorted set: ids of the incidents of a cluster that wait for a slot; the first one gets the next slot. */
  parked(cluster: string): string {
    return `${this.ours}parked:${cluster}`;
  }

  /** Set: the clusters with parked incidents, see `queue/lua/cluster-slots.lua`. */
  get parkedClusters(): string {
    return `${this.ours}parked-clusters`;
  }
}
