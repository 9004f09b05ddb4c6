import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterConfig } from '@nightcrier/core/cluster-config';
import type { ClusterHealth } from '@nightcrier/core/cluster-health';
import type { ClusterPermissions } from '@nightcrier/core/cluster-permissions';
import type { Config } from '@nightcrier/core/config';
import type { Logger } from '@nightcrier/core/logger';
import { ClusterConnection, type Received } from '@nightcrier/cluster/mcp/cluster-connection';
import { DEFAULT_RECONNECT } from '@nightcrier/cluster/mcp/reconnect';
import { createMcpTransport } from '@nightcrier/cluster/mcp/transport';
import { readSecret } from '@nightcrier/runtime/read-secret';
import pLimit from 'p-limit';

/** What the connections need of the configuration; durations in seconds. */
export type ConnectionSettings = Pick<
  Config,
  | 'clusters'
  | 'subscribe_mode'
  | 'poll_interval'
  | 'sse_read_timeout'
  | 'sse_reconnect_initial_backoff'
  | 'sse_reconnect_max_backoff'
>;

export interface ConnectionManagerOptions {
  settings: ConnectionSettings;
  logger: Logger;
  /** Everything that any cluster sends, together with the cluster that it came from. */
  onReceived: (cluster: ClusterConfig, received: Received) => void;
  onHealthChange: (cluster: string) => void;
  permissionsOf: (cluster: string) => ClusterPermissions | undefined;
  /** A connection begins when this resolves, but no later than {@link PATIENCE_MS}. */
  readyToConnect: (cluster: string) => Promise<void>;
}

/** Connects at once in this process: jitter alone does not spread a thousand of them behind one ingress. */
const CONCURRENT_CONNECTS = 50;

/** The first faults should find their cluster's permissions known, but an API server that is away must not blind us. */
const PATIENCE_MS = 5_000;

/** One connection for each configured cluster, over one transport, into one intake (design.md, "ConnectionManager"). */
export class ConnectionManager {
  readonly #options: ConnectionManagerOptions;
  readonly #transport = createMcpTransport();
  readonly #connections: Map<string, ClusterConnection>;
  readonly #stopping = new AbortController();
  #starting: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ConnectionManagerOptions) {
    this.#options = options;
    const connectLimit = pLimit(CONCURRENT_CONNECTS);
    const { settings, logger, onReceived, onHealthChange } = options;
    this.#connections = new Map(
      settings.clusters.map((cluster) => {
        const connection = new ClusterConnection({
          cluster,
          readApiKey: () => readSecret(cluster.mcp.api_key, cluster.mcp.api_key_file),
          mode: settings.subscribe_mode,
          pollInterval: settings.poll_interval * 1000,
          reconnect: {
            ...DEFAULT_RECONNECT,
            initialBackoff: settings.sse_reconnect_initial_backoff * 1000,
            maxBackoff: settings.sse_reconnect_max_backoff * 1000,
          },
          readTimeout: settings.sse_read_timeout * 1000,
          transport: this.#transport,
          connectLimit,
          logger,
          onReceived: (received) => onReceived(cluster, received),
          onHealthChange: () => onHealthChange(cluster.name),
        });
        return [cluster.name, connection];
      }),
    );
  }

  /** Begins to connect all clusters, in the background and each alone. */
  start(): void {
    this.#starting ??= Promise.all(
      [...this.#connections].map(async ([name, connection]) => {
        const patience = new AbortController();
        const waited = sleep(PATIENCE_MS, undefined, {
          signal: AbortSignal.any([patience.signal, this.#stopping.signal]),
        });
        await Promise.race([this.#options.readyToConnect(name), waited.catch(() => undefined)]);
        patience.abort();
        connection.start();
      }),
    );
  }

  /** Ends all subscriptions and sessions, side by side. Concurrent calls share one stop. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Health of every cluster, in the order of the configuration. */
  health(): ClusterHealth[] {
    return [...this.#connections.keys()].flatMap((name) => this.healthOf(name) ?? []);
  }

  /** Undefined for a cluster that is not configured. */
  healthOf(name: string): ClusterHealth | undefined {
    const health = this.#connections.get(name)?.health();
    const permissions = this.#options.permissionsOf(name);
    return health && { ...health, ...(permissions && { permissions }) };
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#starting;
    await Promise.all([...this.#connections.values()].map((connection) => connection.stop()));
    await this.#transport.destroy();
  }
}
