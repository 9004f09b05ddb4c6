import type { IncidentState } from '@nightcrier/core/incidents/incident';

/**
 * Every key of ours in Redis, and what it holds. All begin with the hash tag `{<key_prefix>}`, BullMQ's keys too
 * (`{<key_prefix>}:triage:…`), so that one script may touch both. The scripts in `lua/` compose the same names from
 * {@link StateKeys.ours}.
 */
export class StateKeys {
  /** BullMQ's `prefix` option. */
  readonly bullmq: string;
  /** What all of our keys begin with. */
  readonly ours: string;
  /** Sorted set: id of every incident that has a row, by its creation in ms. */
  readonly incidents: string;
  /** Hash, the books: `<entry>` and `<entry>:<cluster>` to a count, see `books.ts` of the core package. */
  readonly intake: string;
  /** Hash: `<outcome>:runs`, `<outcome>:seconds` and `usage:<figure>:<agent>` to a count since the beginning. */
  readonly triage: string;
  /** String: the name of this installation, see `instance.ts`. */
  readonly instance: string;
  /** Hash: name of a cluster to the JSON of its last health report. */
  readonly health: string;
  /** Hash: name of a cluster to the JSON of the last contact with it. */
  readonly lastContacts: string;
  /** Hash: `<reason>:<cluster>` to a count of malformed messages since the beginning. */
  readonly malformed: string;
  /** Hash: name of a cluster to the JSON of its lease. */
  readonly leases: string;
  /** String: the last fencing token that was given out. */
  readonly leaseToken: string;
  /** Sorted set: id of each ingester that takes clusters, by the time in ms at which it counts as dead. */
  readonly ingesters: string;
  /** Hash: id of an ingester to the JSON of what is wrong with its new configuration. */
  readonly refusedConfigurations: string;
  /** Hash: id of an ingester to the JSON of its last health report. */
  readonly ingesterHealth: string;
  /** Sorted set: id of each triage worker, by the time in ms at which it counts as dead. */
  readonly workers: string;
  /** Hash: what people are to be told and no queue has taken yet, see `NotificationOutbox`. */
  readonly dueNotifications: string;
  /** Hash: whether agents work, see `lua/agent-breaker.lua`. */
  readonly agentBreaker: string;

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
    this.refusedConfigurations = `${this.ours}refused-configurations`;
    this.ingesterHealth = `${this.ours}ingester-health`;
    this.workers = `${this.ours}workers`;
    this.dueNotifications = `${this.ours}due-notifications`;
    this.agentBreaker = `${this.ours}agent-breaker`;
  }

  /** Hash: the row of an incident, see `incident-row.ts`. */
  incident(id: string): string {
    return `${this.ours}incident:${id}`;
  }

  /** String: the Markdown of an incident's report. */
  report(id: string): string {
    return `${this.ours}report:${id}`;
  }

  /** String: JSON of where the message about an incident stands in Slack. */
  slackCard(incidentId: string): string {
    return `${this.ours}slack-card:${incidentId}`;
  }

  /** Sorted set: ids of the incidents in a state, by their creation in ms. */
  incidentsIn(state: IncidentState): string {
    return `${this.incidents}:${state}`;
  }

  /**
   * Sorted set: ids that wait, of one cluster or of all, by severity and then age; the first one gives way first. Those of
   * one cluster are complete when there is {@link clustersIndexed}.
   */
  waiting(cluster?: string): string {
    return cluster === undefined ? `${this.ours}waiting` : `${this.ours}waiting:${cluster}`;
  }

  /** String, once somebody has bounded the clusters: what waits is indexed by cluster. */
  get clustersIndexed(): string {
    return `${this.ours}clusters-indexed`;
  }

  /** String: id of the latest incident for a fault, and when the fault was seen last; kept as long as the incident may be. */
  fault(cluster: string, fingerprint: string): string {
    return `${this.ours}fault:${cluster}:${fingerprint}`;
  }

  /** String: id of the open incident that lists the other faults of a group, see `groupKey`. */
  group(cluster: string, group: string): string {
    return `${this.ours}group:${cluster}:${group}`;
  }

  /** Sorted set, ids of the latest calls of which no row tells for long by time; and hash, what they were answered. */
  get countedCalls(): string[] {
    return [`${this.ours}counted-calls`, `${this.ours}counted-answers`];
  }

  /** String: the number of the last batch of early counts of a source; forgotten 30 days after it. */
  countedBatch(source: string): string {
    return `${this.ours}counted-batch:${source}`;
  }

  /** Hashes, see `lua/fair-order.lua`: the next tag of a cluster, the latest that started; by severity. */
  get fairTags(): string[] {
    return [`${this.ours}fair:next`, `${this.ours}fair:started`];
  }

  /** Hash: the row of a problem, see `problems/lua/explaining-incident.lua`; `problem` as `problemKey` of the core package makes it. */
  problem(cluster: string, problem: string): string {
    return `${this.ours}problem:${cluster}:${problem}`;
  }

  /** Sorted set: keys of the problems of a cluster, by their last change in ms. */
  problems(cluster: string): string {
    return `${this.ours}problems:${cluster}`;
  }

  /** Sorted set: ids of the incidents of a cluster that hold a slot, by the end of their lease in ms. */
  slots(cluster: string): string {
    return `${this.ours}slots:${cluster}`;
  }

  /** Sorted set: ids of the incidents of a cluster that wait for a slot; the first one gets it. */
  parked(cluster: string): string {
    return `${this.ours}parked:${cluster}`;
  }

  /** Set: the clusters of which incidents are parked, see `lua/cluster-slots.lua`. */
  get parkedClusters(): string {
    return `${this.ours}parked-clusters`;
  }
}
