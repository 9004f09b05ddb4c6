import { EventEmitter } from 'node:events';
import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { ResourceReference } from '@nightcrier/core/faults/fault';
import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { ClusterConnection, type Received } from '@nightcrier/cluster/mcp/connection/cluster-connection';
import type { CheckedSymptoms } from '@nightcrier/cluster/backfill/lost-reports';
import type { WatermarkMemory } from '@nightcrier/cluster/backfill/watermark';
import type { DetectionMemory } from '@nightcrier/cluster/detection/cluster-detection';
import type { OnMalformed } from '@nightcrier/cluster/mcp/malformed';
import { ConnectPace } from '@nightcrier/cluster/mcp/connection/connect-pace';
import { DEFAULT_RECONNECT } from '@nightcrier/cluster/mcp/session/reconnect';
import { createMcpTransport } from '@nightcrier/cluster/mcp/session/transport';
import { CANNOT_WATCH } from '@nightcrier/cluster/sight/cluster-sight';
import { sameValue } from '@nightcrier/core/same-value';
import { ListPace } from '@nightcrier/cluster/backfill/list-pace';
import pTimeout from 'p-timeout';
import { readAccess } from './read-access.ts';

/** The settings of the connections; durations in seconds. */
const CONNECTION_SETTINGS = [
  'subscribe_mode',
  'poll_interval',
  'sse_read_timeout',
  'sse_reconnect_initial_backoff',
  'sse_reconnect_max_backoff',
  'sse_reconnect_multiplier',
  'sse_reconnect_jitter',
  'resync_interval',
  'recovery_after',
  'crash_recovery_after',
  'recovery_interval',
] as const satisfies readonly (keyof Config)[];
export type ConnectionSettings = Pick<Config, (typeof CONNECTION_SETTINGS)[number]>;

export interface ConnectionManagerOptions {
  settings: ConnectionSettings;
  logger: Logger;
  /** Receives the faults of all clusters, each with its cluster. */
  onReceived: (cluster: ClusterConfig, received: Received) => void;
  onMalformed: (cluster: ClusterConfig, ...malformed: Parameters<OnMalformed>) => void;
  memoryOf: (cluster: string) => WatermarkMemory;
  detectedOf: (cluster: string) => DetectionMemory;
  permissionsOf: (cluster: string) => ClusterPermissions | undefined;
  /** A kind of objects cannot be listed any more, or can be again: the permissions may have changed. */
  onPermissionsChanged?: (cluster: string) => void;
  /** A connection starts when this resolves, at the latest after {@link PATIENCE_MS}. */
  readyToConnect: (cluster: string) => Promise<void>;
}

/** Permissions should be known when the first faults arrive, but an unreachable API server must not keep a cluster unwatched. */
const PATIENCE_MS = 2_000;

interface Watched {
  cluster: ClusterConfig;
  connection: ClusterConnection;
  /** Aborted when the cluster is no longer watched here. */
  ended: AbortController;
}

/**
 * Keeps one connection for each cluster that this ingester watches, over one transport, into one intake (design.md,
 * "ConnectionManager"). The leases and the configuration decide which clusters these are.
 */
export class ConnectionManager {
  /** `health`: the health of this cluster has changed. */
  readonly events = new EventEmitter<{ health: [cluster: string] }>();
  readonly #options: ConnectionManagerOptions;
  readonly #transport = createMcpTransport();
  readonly #connectPace = new ConnectPace();
  readonly #listPace = new ListPace();
  readonly #watched = new Map<string, Watched>();
  /** Connections that are stopping; a stop waits for them. */
  readonly #ending = new Set<Promise<void>>();
  #settings: ConnectionSettings;
  #order: string[] = [];
  #stopped: Promise<void> | undefined;

  constructor(options: ConnectionManagerOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /** Renews every connection, unless the settings are the same. */
  configure(settings: ConnectionSettings): void {
    const former = this.#settings;
    this.#settings = settings;
    if (this.#stopped || CONNECTION_SETTINGS.every((key) => settings[key] === former[key])) return;
    const clusters = [...this.#watched.values()].map(({ cluster }) => cluster);
    for (const [name, watched] of this.#watched) this.#end(name, watched);
    for (const cluster of clusters) this.#begin(cluster);
  }

  /**
   * Watches these clusters and no others. Starts and stops each connection in the background. A cluster whose
   * configuration has changed gets a new connection; the others are not touched.
   */
  watch(clusters: readonly ClusterConfig[]): void {
    if (this.#stopped) return;
    this.#order = clusters.map(({ name }) => name);
    const wanted = new Map(clusters.map((cluster) => [cluster.name, cluster]));
    for (const [name, watched] of this.#watched) {
      if (!sameValue(wanted.get(name), watched.cluster)) this.#end(name, watched);
    }
    for (const cluster of clusters) if (!this.#watched.has(cluster.name)) this.#begin(cluster);
  }

  /** Ends all subscriptions and sessions concurrently. Concurrent calls share one stop. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Reports again what Redis has lost of all clusters, one after the other. Rejects while Redis is unreachable. */
  async verifyReports(checked: CheckedSymptoms): Promise<void> {
    for (const { connection } of this.#watched.values()) await connection.verifyReports(checked);
  }

  /** Returns the health of the watched ones of these clusters; of all by default, in the order of the configuration. */
  health(clusters: Iterable<string> = this.#order): ClusterHealth[] {
    return [...clusters].flatMap((name) => this.healthOf(name) ?? []);
  }

  /** Returns undefined for a cluster that is not watched. */
  healthOf(name: string): ClusterHealth | undefined {
    const health = this.#watched.get(name)?.connection.health();
    const permissions = this.#options.permissionsOf(name);
    return health && (permissions ? withPermissions(health, permissions) : health);
  }

  /** Whether faults of a cluster arrive here, see `ClusterConnection.isActive`. */
  isActive(name: string): boolean {
    return this.#watched.get(name)?.connection.isActive === true;
  }

  /** Returns the annotation that silences a resource, see `ClusterConnection.silenceOf`; undefined where the cluster is not watched. */
  silenceOf(cluster: string, resource: ResourceReference): string | undefined {
    return this.#watched.get(cluster)?.connection.silenceOf(resource);
  }

  #begin(cluster: ClusterConfig): void {
    const watched = { cluster, connection: this.#connectionTo(cluster), ended: new AbortController() };
    this.#watched.set(cluster.name, watched);
    void this.#startWhenReady(watched);
  }

  async #startWhenReady({ cluster, connection, ended }: Watched): Promise<void> {
    const { signal } = ended;
    await pTimeout(this.#options.readyToConnect(cluster.name), {
      milliseconds: PATIENCE_MS,
      message: false,
      signal,
    }).catch(() => undefined);
    connection.start(); // does nothing if it was stopped meanwhile
  }

  #end(name: string, { connection, ended }: Watched): void {
    this.#watched.delete(name);
    ended.abort();
    const ending = connection.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #stop(): Promise<void> {
    for (const { ended } of this.#watched.values()) ended.abort();
    await Promise.all([...this.#watched.values()].map(({ connection }) => connection.stop()));
    await Promise.all(this.#ending);
    await this.#transport.destroy();
  }

  #connectionTo(cluster: ClusterConfig): ClusterConnection {
    const settings = this.#settings;
    const { logger, memoryOf, detectedOf, onReceived, onMalformed } = this.#options;
    return new ClusterConnection({
      cluster,
      readAccess: async () => (cluster.mcp ? readAccess(cluster.mcp) : {}),
      mode: settings.subscribe_mode,
      pollInterval: settings.poll_interval * 1000,
      resyncInterval: settings.resync_interval * 1000,
      recovery: { crash: settings.crash_recovery_after * 1000, other: settings.recovery_after * 1000 },
      recheckInterval: settings.recovery_interval * 1000,
      memory: memoryOf(cluster.name),
      detected: detectedOf(cluster.name),
      reconnect: {
        ...DEFAULT_RECONNECT,
        initialBackoff: settings.sse_reconnect_initial_backoff * 1000,
        maxBackoff: settings.sse_reconnect_max_backoff * 1000,
        multiplier: settings.sse_reconnect_multiplier,
        jitter: settings.sse_reconnect_jitter,
      },
      readTimeout: settings.sse_read_timeout * 1000,
      transport: this.#transport,
      connectLimit: this.#connectPace.run,
      listPace: this.#listPace,
      crowd: this.#connectPace,
      logger,
      onReceived: (received) => onReceived(cluster, received),
      onMalformed: (reason, detail) => onMalformed(cluster, reason, detail),
      onPermissionsChanged: () => this.#options.onPermissionsChanged?.(cluster.name),
      onHealthChange: () => this.events.emit('health', cluster.name),
    });
  }
}

/** Adds what the kubeconfig may do. Kinds that it cannot watch degrade the cluster before a watch has failed. */
function withPermissions(health: ClusterHealth, permissions: ClusterPermissions): ClusterHealth {
  const { degraded } = health;
  const missing = Object.entries(permissions.cannot_watch ?? {})
    .filter(([kind]) => !degraded?.includes(`${CANNOT_WATCH} ${kind}:`))
    .map(([kind, rule]) => `${CANNOT_WATCH} ${kind}: it needs the rule ${rule}`);
  if (missing.length === 0) return { ...health, permissions };
  return { ...health, degraded: [degraded, ...missing].filter(Boolean).join('; '), permissions };
}
