import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Contact } from '@nightcrier/cluster/backfill/watermark';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import type { Admission } from '@nightcrier/state/admission/admission';
import { ADMISSION_SETTINGS } from '@nightcrier/state/admission/admission-settings';
import type { HeldHealth } from '@nightcrier/state/health/cluster-health';
import type { HeldContact } from '@nightcrier/state/health/last-contact';
import { openState } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { ConnectionManager } from './clusters/connection-manager.ts';
import { EarlyCounts } from './intake/early-counts.ts';
import { ContactKeeper } from './clusters/watermark-store.ts';
import { HealthPublisher } from './clusters/health-publisher.ts';
import { Intake } from './intake/intake.ts';
import { LeaseKeeper } from './leases/lease-keeper.ts';
import { PermissionPreflight } from './clusters/preflight.ts';
import { CountsStore } from './spool/counts-store.ts';

/** Of shutdown_timeout: what the other ingesters get to take over. */
const HAND_OVER_SHARE = 0.4;

/**
 * The ingester: watches the clusters and admits their faults to the queue. Neither a cluster nor Redis has to be there
 * when it starts.
 */
export class Ingester {
  /** Unlike every other ingester's, also than that of one that ran under the same process id before. */
  readonly id = `${hostname()}-${process.pid}-${randomBytes(2).toString('hex')}`;
  readonly #logger: Logger;
  readonly #lifecycle: Lifecycle;
  #config: Config;
  #connections: ConnectionManager | undefined;
  #keeper: LeaseKeeper | undefined;
  #intake: Intake | undefined;
  #admission: Admission | undefined;
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

  /** Follows the configuration: see {@link Reloading}. */
  readonly reloading: Reloading = {
    live: ['clusters', 'severity_threshold', ...ADMISSION_SETTINGS],
    apply: (config) => {
      this.#config = config;
      this.#admission?.configure(config);
      this.#keeper?.configure(config.clusters.map(({ name }) => name));
    },
    refuse: (refusal) => this.#keeper?.refuse({ process: this.id, ...refusal }),
  };

  /** In the order of the fault's way: clusters first, then what still waits for admission, Redis last. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#lifecycle.stop();
  }

  /** Health of every cluster that this process watches, as it sees it. */
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
    const { url, key_prefix } = config.redis;
    if (url === undefined) throw new Error('redis.url is not set; `nightcrier up` starts one');

    const redis = connectProducer({ url, key_prefix }, logger);
    this.#lifecycle.onStop('redis', () => disconnect(redis));
    const state = openState(redis, { key_prefix, logger });
    const queue = state.openQueue();
    this.#lifecycle.onStop('queue', () => queue.close());
    const admission = state.openAdmission(queue, config);
    this.#admission = admission;

    const isActive = (cluster: string): boolean => connections.healthOf(cluster)?.status === 'active';
    const leases = state.openLeases({ id: this.id, length: config.cluster_lease * 1000 });
    const keeper = new LeaseKeeper({
      leases,
      clusters: config.clusters.map(({ name }) => name),
      isActive,
      onWatch: (names) => {
        const clusters = this.#config.clusters.filter(({ name }) => names.has(name));
        preflight.watch(clusters);
        connections.watch(clusters);
      },
      onTaken: (cluster) => publisher.changed(cluster),
      logger,
    });
    this.#lifecycle.onStop('leases', () => keeper.stop());
    this.#keeper = keeper;

    const publisher = new HealthPublisher({
      health: () => this.health(),
      publish: async (clusters) => {
        await state.clusterHealth.publish(
          leases,
          clusters.flatMap((health) => withToken(health, keeper)),
        );
        if (this.#intake) await state.ingesterHealth.publish({ name: this.id, spool: this.#intake.spoolHealth() });
      },
      logger,
    });
    this.#lifecycle.onStop('health', () => publisher.stop());

    const spoolDirectory = config.spool_dir ?? path.join(config.data_dir, 'spool');
    const counts = new EarlyCounts({
      write: (batch) => state.intake.countOnce(batch),
      store: new CountsStore(spoolDirectory, logger),
      logger,
    });
    this.#lifecycle.onStop('counts', () => counts.close());

    const preflight = new PermissionPreflight({ logger, onChange: (cluster) => publisher.changed(cluster) });
    this.#lifecycle.onStop('preflight', () => preflight.stop());

    const intake = new Intake({
      threshold: () => this.#config.severity_threshold,
      spool: {
        directory: spoolDirectory,
        maxBytes: config.spool_max_bytes,
      },
      admit: (event, incidentId) => admission.admit(event, incidentId),
      count: (cluster, counted) => counts.add(cluster, counted),
      permissionsOf: (cluster) => preflight.permissionsOf(cluster),
      logger,
    });
    this.#lifecycle.onStop('intake', () => intake.close());
    this.#intake = intake;

    const { lastContacts } = state;
    const contacts = new ContactKeeper({
      contacts: lastContacts,
      write: (latest) =>
        lastContacts.write(
          leases,
          [...latest].flatMap((contact) => heldContact(contact, keeper)),
        ),
      logger,
    });
    this.#lifecycle.onStop('contacts', () => contacts.stop());

    const connections = new ConnectionManager({
      settings: config,
      logger,
      memoryOf: (cluster) => contacts.memoryOf(cluster),
      onReceived: (cluster, received) => intake.receive(cluster, received),
      onMalformed: (cluster, reason, detail) => intake.malformed(cluster, reason, detail),
      onHealthChange: (cluster) => {
        publisher.changed(cluster);
        // Faults arrive here now, so the lease can be taken from whoever has it.
        if (keeper.tokenOf(cluster) === undefined && isActive(cluster)) keeper.look();
      },
      permissionsOf: (cluster) => preflight.permissionsOf(cluster),
      readyToConnect: (cluster) => preflight.firstCheck(cluster),
    });
    this.#lifecycle.onStop('connections', () => connections.stop());
    this.#connections = connections;
    this.#lifecycle.onStop('hand-over', () => keeper.handOver(config.shutdown_timeout * 1000 * HAND_OVER_SHARE));

    intake.start();
    publisher.start();
    contacts.start();
    keeper.start();
  }
}

/** Only of clusters that this ingester holds; others report the rest. */
function withToken(health: ClusterHealth, keeper: LeaseKeeper): HeldHealth[] {
  const token = keeper.tokenOf(health.name);
  return token === undefined ? [] : [{ token, health }];
}

/** Whoever holds the cluster knows better. */
function heldContact([cluster, contact]: [string, Contact], keeper: LeaseKeeper): HeldContact[] {
  const token = keeper.tokenOf(cluster);
  return token === undefined ? [] : [{ cluster, token, contact }];
}
