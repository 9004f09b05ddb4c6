import { hostname } from 'node:os';
import path from 'node:path';
import type { ClusterHealth } from '@nightcrier/core/cluster-health';
import type { Config } from '@nightcrier/core/config';
import type { Logger } from '@nightcrier/core/logger';
import { Lifecycle } from '@nightcrier/runtime/lifecycle';
import { Admission } from '@nightcrier/state/admission';
import { ClusterHealthBoard } from '@nightcrier/state/cluster-health';
import { IngesterHealthBoard } from '@nightcrier/state/ingester-health';
import { IntakeCounters } from '@nightcrier/state/intake-counters';
import { connectProducer, disconnect } from '@nightcrier/state/redis';
import { openTriageQueue } from '@nightcrier/state/triage-queue';
import { ConnectionManager } from './connection-manager.ts';
import { EarlyCounts } from './early-counts.ts';
import { HealthPublisher } from './health-publisher.ts';
import { Intake } from './intake.ts';
import { PermissionPreflight } from './preflight.ts';

/**
 * The ingester: watches the clusters and admits their faults to the queue. Neither a cluster nor Redis has to be there
 * when it starts.
 */
export class Ingester {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #lifecycle: Lifecycle;
  #connections: ConnectionManager | undefined;
  #intake: Intake | undefined;
  #starting: Promise<void> | undefined;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#lifecycle = new Lifecycle(logger, config.shutdown_timeout);
  }

  /**
   * Resolves when everything is under way; clusters connect in the background.
   * @throws Error when the configuration names no Redis; then nothing is left running
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** In the order of the fault's way: clusters first, then what still waits for admission, Redis last. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#lifecycle.stop();
  }

  /** Health of every cluster as this process sees it. */
  health(): ClusterHealth[] {
    return this.#connections?.health() ?? [];
  }

  async #start(): Promise<void> {
    try {
      this.#assemble();
    } catch (error) {
      await this.#lifecycle.stop();
      throw error;
    }
  }

  #assemble(): void {
    const config = this.#config;
    const logger = this.#logger;
    const { clusters } = config;
    const { url, key_prefix } = config.redis;
    if (url === undefined) throw new Error('redis.url is not set; `nightcrier up` starts one');

    const redis = connectProducer({ url, key_prefix }, logger);
    this.#lifecycle.onStop('redis', () => disconnect(redis));
    const queue = openTriageQueue(redis, key_prefix, logger);
    this.#lifecycle.onStop('queue', () => queue.close());
    const admission = new Admission({ redis, key_prefix, queue, settings: config });
    const counters = new IntakeCounters({ redis, key_prefix });
    const board = new ClusterHealthBoard({ redis, key_prefix, logger });
    const ingesters = new IngesterHealthBoard({ redis, key_prefix, logger });

    const owner = `${hostname()}-${process.pid}`;
    const publisher = new HealthPublisher({
      health: () => this.health(),
      publish: async (health) => {
        await board.publish(owner, health);
        if (this.#intake) await ingesters.publish({ name: owner, spool: this.#intake.spoolHealth() });
      },
      logger,
    });
    this.#lifecycle.onStop('health', () => publisher.stop());

    const counts = new EarlyCounts((cluster, outcome, by) => counters.count(cluster, outcome, by));
    this.#lifecycle.onStop('counts', () => counts.close());

    const preflight = new PermissionPreflight({ clusters, logger, onChange: (cluster) => publisher.changed(cluster) });
    this.#lifecycle.onStop('preflight', () => preflight.stop());

    const intake = new Intake({
      threshold: config.severity_threshold,
      spool: {
        directory: config.spool_dir ?? path.join(config.data_dir, 'spool'),
        maxBytes: config.spool_max_bytes,
      },
      admit: (event, incidentId) => admission.admit(event, incidentId),
      count: (cluster, outcome) => counts.add(cluster, outcome),
      permissionsOf: (cluster) => preflight.permissionsOf(cluster),
      logger,
    });
    this.#lifecycle.onStop('intake', () => intake.close());
    this.#intake = intake;

    const connections = new ConnectionManager({
      settings: config,
      logger,
      onReceived: (cluster, received) => intake.receive(cluster, received),
      onHealthChange: (cluster) => publisher.changed(cluster),
      permissionsOf: (cluster) => preflight.permissionsOf(cluster),
      readyToConnect: (cluster) => preflight.firstCheck(cluster),
    });
    this.#lifecycle.onStop('connections', () => connections.stop());
    this.#connections = connections;

    intake.start();
    publisher.start();
    preflight.start();
    connections.start();
  }
}
