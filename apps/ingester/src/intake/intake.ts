import type { Alert } from '@nightcrier/core/alerts/alert';
import type { AdmissionOutcome, Evicted } from '@nightcrier/core/incidents/admission';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import { describeResource, type FaultEvent } from '@nightcrier/core/faults/fault';
import type { Logger } from '@nightcrier/core/logger';
import { passesThreshold, type SeverityThreshold } from '@nightcrier/core/faults/severity';
import type { Received } from '@nightcrier/cluster/mcp/connection/cluster-connection';
import type { MalformedReason } from '@nightcrier/cluster/mcp/malformed';
import type { EarlyOutcome, MalformedCount } from '@nightcrier/state/admission/intake-counters';
import type { SpoolHealth } from '@nightcrier/core/clusters/ingester-health';
import { admissionSeconds } from '@nightcrier/runtime/metrics/process-metrics';
import { recordSpan } from '@nightcrier/runtime/tracing/spans';
import { ShedBursts } from './shed-bursts.ts';
import { Spool, type SpoolOptions } from '../spool/spool.ts';

export interface IntakeOptions {
  /** Called for each fault: the configuration can change. */
  threshold: () => SeverityThreshold;
  admit: SpoolOptions['admit'];
  /** Where faults are kept while Redis is unreachable. */
  spool: Pick<SpoolOptions, 'directory' | 'maxBytes'>;
  /** Counts what is not sent to admission; admission counts its own outcomes. */
  count: (cluster: string, counted: EarlyOutcome | MalformedCount) => void;
  permissionsOf: (cluster: string) => ClusterPermissions | undefined;
  logger: Logger;
  now?: () => number;
}

const MALFORMED_LOG_INTERVAL_MS = 60_000;

/**
 * The steps of every fault, for all clusters (cluster-registry.md, "Event Aggregation"): severity gate → triage gate →
 * admission. Each fault has exactly one outcome, which is logged with its cluster's name and counted.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #now: () => number;
  readonly #spool: Spool;
  readonly #shed: ShedBursts;
  readonly #malformedLoggedAt = new Map<string, number>();

  constructor(options: IntakeOptions) {
    const { admit, spool, count, logger } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#shed = new ShedBursts(logger);
    this.#spool = new Spool({
      ...spool,
      admit,
      logger,
      onOutcome: (event, outcome) => this.admitted(event, outcome),
      onLost: (cluster) => count(cluster, 'lost'),
    });
  }

  /** Adopts the faults that earlier ingesters left in the spool. */
  start(): void {
    this.#spool.start();
  }

  /** Handles a fault of a cluster. Never throws. */
  receive(cluster: ClusterConfig, received: Received): void {
    this.#noteNormalization(cluster, received);
    if (this.#passes(cluster, received)) this.#spool.add(this.#clusterEvent(cluster, received));
  }

  /**
   * Handles a fault whose sender keeps it until it is admitted: past the spool.
   * @param incidentId the same for each attempt, so that the fault counts once
   * @throws Error of Redis; then the sender has to send it again
   */
  async admit(cluster: ClusterConfig, received: Received & { alert: Alert }, incidentId: string): Promise<void> {
    if (!this.#passes(cluster, received)) return;
    const event = { ...this.#clusterEvent(cluster, received), alert: received.alert };
    this.admitted(event, await this.#options.admit(event, incidentId));
  }

  #passes(cluster: ClusterConfig, { fault }: Received): boolean {
    if (!passesThreshold(fault.severity, this.#options.threshold())) this.#filtered(cluster, fault);
    else if (!cluster.triage.enabled) this.#skipped(cluster, fault);
    else return true;
    return false;
  }

  spoolHealth(): SpoolHealth {
    return this.#spool.health();
  }

  /** Counts and logs something that a cluster sent and that cannot be parsed. */
  malformed(cluster: ClusterConfig, reason: MalformedReason, detail: string): void {
    this.#count(cluster, reason, detail);
  }

  /** Admits what is pending, or leaves it in the spool, and ends. */
  async close(): Promise<void> {
    await this.#spool.close();
    await this.#shed.close();
  }

  #noteNormalization(cluster: ClusterConfig, { fault, notes = [], claims }: Received): void {
    if (notes.length > 0)
      this.#options.logger.debug({ cluster: cluster.name, fault: fault.faultId, notes }, 'fault normalized');
    if (claims !== undefined)
      this.#count(cluster, 'cluster', `the server calls the cluster ${JSON.stringify(claims)}`, true);
  }

  /** Counts each one and logs one a minute: a broken server would fill the log. */
  #count(cluster: ClusterConfig, reason: MalformedReason, detail: string, harmless = false): void {
    const { count, logger } = this.#options;
    count(cluster.name, { malformed: reason, ...(harmless && { harmless }) });
    const key = `${reason}:${cluster.name}`;
    const now = this.#now();
    if (now - (this.#malformedLoggedAt.get(key) ?? Number.NEGATIVE_INFINITY) < MALFORMED_LOG_INTERVAL_MS) return;
    this.#malformedLoggedAt.set(key, now);
    logger.warn(
      { cluster: cluster.name, ...(!harmless && { outcome: 'malformed' }), reason, detail },
      'notification malformed',
    );
  }

  #filtered(cluster: ClusterConfig, fault: FaultEvent): void {
    const { count, logger, threshold } = this.#options;
    count(cluster.name, 'filtered');
    logger.debug(
      { ...describe(cluster.name, fault), outcome: 'filtered', severity_threshold: threshold() },
      'fault filtered: below severity threshold',
    );
  }

  #skipped(cluster: ClusterConfig, fault: FaultEvent): void {
    const { count, logger } = this.#options;
    count(cluster.name, 'skipped');
    const fields = { outcome: 'skipped', triage_skipped: true, reason: 'triage.enabled=false' };
    logger.info({ ...describe(cluster.name, fault), ...fields }, 'fault skipped: triage disabled');
  }

  #clusterEvent(
    cluster: ClusterConfig,
    { fault: event, source, problem, node, images, silence }: Received,
  ): ClusterEvent {
    const permissions = this.#options.permissionsOf(cluster.name);
    return {
      cluster_name: cluster.name,
      ...(cluster.environment !== undefined && { environment: cluster.environment }),
      labels: cluster.labels,
      ...(cluster.triage.kubeconfig !== undefined && { kubeconfig: cluster.triage.kubeconfig }),
      ...(permissions && { permissions: withoutTable(permissions) }),
      event,
      source,
      problem,
      ...(node !== undefined && { node }),
      ...(images && { images }),
      ...(silence !== undefined && { silence }),
      received_at: new Date(this.#now()).toISOString(),
    };
  }

  /** Logs the outcome of an admission, and counts one that admission does not count itself. */
  admitted({ cluster_name: cluster, event, source, received_at }: ClusterEvent, outcome: AdmissionOutcome): void {
    admissionSeconds.observe(Math.max(0, this.#now() - Date.parse(received_at)) / 1000);
    const { count, logger } = this.#options;
    if (outcome.kind !== 'silenced') {
      const attributes = {
        'nightcrier.cluster': cluster,
        'nightcrier.source': source,
        'nightcrier.outcome': outcome.kind,
      };
      const times = { start: Date.parse(received_at), end: this.#now() };
      recordSpan({ incidentId: outcome.incidentId, name: 'notification', ...times, attributes });
    }
    const fields = { ...describe(cluster, event), source, outcome: outcome.kind, incident: outcome.incidentId };
    if ('evicted' in outcome) this.#evicted(outcome.evicted);
    switch (outcome.kind) {
      case 'queued':
        logger.info(fields, 'fault queued');
        return;
      case 'resent':
        logger.info(fields, 'fault already queued');
        return;
      case 'deduplicated':
        logger.info({ ...fields, recurrences: outcome.recurrences }, 'fault deduplicated');
        return;
      case 'grouped':
        logger.info({ ...fields, members: outcome.members }, 'fault grouped');
        return;
      case 'silenced': {
        count(cluster, 'silenced');
        const { by, until, reason, id: silence } = outcome.silenced;
        logger.info({ ...describe(cluster, event), outcome: 'silenced', by, until, reason, silence }, 'fault silenced');
        return;
      }
      case 'rejected':
      case 'dropped_incoming':
        logger.debug({ ...fields, bound: outcome.bound }, 'fault rejected: queue is full');
        this.#shed.add(cluster, `${outcome.kind}: ${outcome.bound} bound`, [outcome.incidentId]);
    }
  }

  /** Logs the incidents that a fault evicted, which are often of other clusters. */
  #evicted(evicted: Evicted[]): void {
    for (const [cluster, incidents] of Map.groupBy(evicted, (incident) => incident.cluster)) {
      this.#shed.add(
        cluster,
        'dropped',
        incidents.map(({ incidentId }) => incidentId),
      );
    }
  }
}

function describe(cluster: string, { faultId, faultType, severity, resource }: FaultEvent): object {
  return { cluster, fault: faultId, fault_type: faultType, severity, resource: describeResource(resource) };
}

/** Omits the table of rules, which would be most of an incident's size in Redis; a worker reads its own. */
function withoutTable(permissions: ClusterPermissions): ClusterPermissions {
  return { ...permissions, raw_output: undefined };
}
