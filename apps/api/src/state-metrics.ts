import type { AgentHealth } from '@nightcrier/core/incidents/agent-health';
import { INTAKE_OUTCOMES } from '@nightcrier/core/incidents/admission';
import { auditBooks, type BookPages, QUEUED_STATES } from '@nightcrier/core/incidents/books';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { IncidentState } from '@nightcrier/core/incidents/incident';
import type { IngesterHealth } from '@nightcrier/core/clusters/ingester-health';
import type { AgentCount, TriageCount } from '@nightcrier/state/queue/triage-counters';
import type { QueueCounts } from '@nightcrier/state/queue/triage-queue';
import { Counter, Gauge, Registry } from 'prom-client';

/** What the metrics say, read at one scrape. */
export interface StateSnapshot {
  clusters: ClusterHealth[];
  ingesters: IngesterHealth[];
  intake: BookPages;
  malformed: { cluster: string; reason: string; count: number }[];
  triage: TriageCount[];
  agents: AgentCount[];
  incidents: Record<IncidentState, number>;
  queue: QueueCounts;
  breaker: AgentHealth;
  notifications: { target: string; jobs: QueueCounts }[];
}

/** The counts of the books that mean that something was shed. */
const SHED_FOR = ['rejected', 'dropped_incoming', 'dropped', 'expired', 'lost'] as const;

/**
 * The metrics of all that is kept in Redis. A registry for each scrape: the counts are Redis's, so nothing of an earlier
 * scrape may remain. Without a snapshot, Redis is away, and only that is said: no value is better than an old one.
 */
export function stateMetrics(snapshot: StateSnapshot | undefined): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({ name: 'nightcrier_redis_up', help: 'Whether Redis answers', registers }).set(snapshot ? 1 : 0);
  if (!snapshot) return registry;

  const jobs = new Gauge({ name: 'nightcrier_queue_jobs', help: 'Jobs by state', labelNames: ['state'], registers });
  for (const [state, count] of Object.entries(snapshot.queue)) jobs.set({ state }, count);

  const incidents = new Gauge({
    name: 'nightcrier_incidents',
    help: 'Incidents that are kept, by state',
    labelNames: ['state'],
    registers,
  });
  for (const [state, count] of Object.entries(snapshot.incidents)) incidents.set({ state }, count);

  const runs = new Counter({
    name: 'nightcrier_triage_runs_total',
    help: 'Triage runs by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const seconds = new Counter({
    name: 'nightcrier_triage_seconds_total',
    help: 'Time that triage runs took, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  for (const count of snapshot.triage) {
    runs.inc({ outcome: count.outcome }, count.runs);
    seconds.inc({ outcome: count.outcome }, count.seconds);
  }

  breakerMetrics(snapshot.breaker, registry);
  notificationMetrics(snapshot.notifications, registry);
  agentMetrics(snapshot.agents, registry);
  spoolMetrics(snapshot.ingesters, registry);

  const up = new Gauge({
    name: 'nightcrier_cluster_up',
    help: 'Whether the connection to the cluster is active',
    labelNames: ['cluster'],
    registers,
  });
  const blind = new Counter({
    name: 'nightcrier_blind_seconds_total',
    help: 'For how long at most the cluster was not watched, all gaps together',
    labelNames: ['cluster'],
    registers,
  });
  const intake = new Counter({
    name: 'nightcrier_intake_total',
    help: 'What became of the faults that were received',
    labelNames: ['cluster', 'outcome'],
    registers,
  });
  const received = new Counter({
    name: 'nightcrier_received_total',
    help: 'Faults that were received',
    labelNames: ['cluster'],
    registers,
  });
  const queued = new Gauge({
    name: 'nightcrier_queued_incidents',
    help: 'Where the incidents that were queued are: waiting, delayed, active, finished, dropped or expired',
    labelNames: ['cluster', 'state'],
    registers,
  });
  const shed = new Counter({
    name: 'nightcrier_shed_total',
    help: 'Incidents that a full queue or their age kept from being investigated',
    labelNames: ['cluster', 'reason'],
    registers,
  });
  const balanced = auditBooks(snapshot.intake).balanced;
  new Gauge({ name: 'nightcrier_books_balanced', help: 'Whether the books balance', registers }).set(balanced ? 1 : 0);
  for (const { name: cluster, status, blind_seconds = 0 } of snapshot.clusters) {
    up.set({ cluster }, status === 'active' ? 1 : 0);
    blind.inc({ cluster }, blind_seconds);
  }
  // A cluster that is configured no longer stays in the books, and here: the clusters add up to the totals.
  const configured = snapshot.clusters.map(({ name }) => name);
  for (const cluster of new Set([...configured, ...Object.keys(snapshot.intake.clusters)])) {
    const counts = snapshot.intake.clusters[cluster];
    for (const outcome of INTAKE_OUTCOMES) intake.inc({ cluster, outcome }, counts?.[outcome] ?? 0);
    received.inc({ cluster }, counts?.received ?? 0);
    for (const state of QUEUED_STATES) queued.set({ cluster, state }, counts?.[state] ?? 0);
    for (const reason of SHED_FOR) shed.inc({ cluster, reason }, counts?.[reason] ?? 0);
  }

  const malformed = new Counter({
    name: 'nightcrier_malformed_total',
    help: 'What clusters sent that was malformed, by what was wrong with it',
    labelNames: ['cluster', 'reason'],
    registers,
  });
  for (const { cluster, reason, count } of snapshot.malformed) malformed.inc({ cluster, reason }, count);
  return registry;
}

function breakerMetrics(breaker: AgentHealth, registry: Registry): void {
  const registers = [registry];
  const degraded = breaker.state === 'degraded' ? 1 : 0;
  new Gauge({ name: 'nightcrier_agents_degraded', help: 'Whether too many agents failed in a row', registers }).set(
    degraded,
  );
  new Gauge({ name: 'nightcrier_agent_failures_in_row', help: 'Agents that failed in a row', registers }).set(
    breaker.failures_in_row,
  );
}

function notificationMetrics(notifications: StateSnapshot['notifications'], registry: Registry): void {
  const registers = [registry];
  const jobs = new Gauge({
    name: 'nightcrier_notification_jobs',
    help: 'Notifications by target and state; failed ones were not delivered',
    labelNames: ['target', 'state'],
    registers,
  });
  for (const { target, jobs: counts } of notifications) {
    for (const [state, count] of Object.entries(counts)) jobs.set({ target, state }, count);
  }
}

function agentMetrics(agents: AgentCount[], registry: Registry): void {
  const registers = [registry];
  const tokens = new Counter({
    name: 'nightcrier_agent_tokens_total',
    help: 'Tokens that agents have used: input (not cached), cached_input, output',
    labelNames: ['agent', 'kind'],
    registers,
  });
  const cost = new Counter({
    name: 'nightcrier_agent_cost_usd_total',
    help: 'What is known of the cost of the agents in USD',
    labelNames: ['agent'],
    registers,
  });
  const unpriced = new Counter({
    name: 'nightcrier_agent_unpriced_tokens_total',
    help: 'Tokens whose cost neither the CLI nor agent_prices knows',
    labelNames: ['agent'],
    registers,
  });
  const calls = new Counter({
    name: 'nightcrier_agent_tool_calls_total',
    help: 'Tool calls of the agents',
    labelNames: ['agent'],
    registers,
  });
  const denials = new Counter({
    name: 'nightcrier_agent_denials_total',
    help: 'Tool calls of the agents that their own rules refused',
    labelNames: ['agent'],
    registers,
  });
  for (const { agent, usage } of agents) {
    tokens.inc({ agent, kind: 'input' }, usage.input_tokens - usage.cached_input_tokens);
    tokens.inc({ agent, kind: 'cached_input' }, usage.cached_input_tokens);
    tokens.inc({ agent, kind: 'output' }, usage.output_tokens);
    cost.inc({ agent }, usage.cost_usd);
    unpriced.inc({ agent }, usage.unpriced_tokens);
    calls.inc({ agent }, usage.tool_calls);
    denials.inc({ agent }, usage.denials);
  }
}

function spoolMetrics(ingesters: IngesterHealth[], registry: Registry): void {
  const labelNames = ['ingester'];
  const registers = [registry];
  const waiting = new Gauge({
    name: 'nightcrier_spool_faults_in_memory',
    help: 'Faults in the memory of an ingester that Redis has not answered',
    labelNames,
    registers,
  });
  const bytes = new Gauge({
    name: 'nightcrier_spool_disk_bytes',
    help: 'Bytes of faults that an ingester keeps on disk until Redis answers',
    labelNames,
    registers,
  });
  const onDisk = new Gauge({
    name: 'nightcrier_spool_disk_up',
    help: 'Whether an ingester can spool to disk',
    labelNames,
    registers,
  });
  for (const { name: ingester, spool } of ingesters) {
    waiting.set({ ingester }, spool.in_memory);
    bytes.set({ ingester }, spool.disk_bytes);
    onDisk.set({ ingester }, spool.state === 'memory-only' ? 0 : 1);
  }
}
