import { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import type { ClusterHealth, RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import { Settings } from '@nightcrier/core/settings/config';
import { silentLogger } from '@nightcrier/core/logger';
import type { Severity } from '@nightcrier/core/faults/severity';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import type { Admission } from '@nightcrier/state/admission/admission';
import type { AdmissionSettings } from '@nightcrier/state/admission/admission-settings';
import type { IngesterHealthBoard } from '@nightcrier/state/health/ingester-health';
import type { IncidentStore } from '@nightcrier/state/incidents/incidents';
import type { IntakeCounters } from '@nightcrier/state/admission/intake-counters';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectWorker, disconnect, type RedisConnection } from '@nightcrier/state/redis/connection';
import type { TriageQueue } from '@nightcrier/state/queue/triage-queue';
import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import { type ApiOptions, startApi } from '../src/app.ts';

export interface ApiUnderTest extends AsyncDisposable {
  url: string;
  key_prefix: string;
  /** Without an access key. */
  get: (path: string) => Promise<Response>;
  /** Another configuration. */
  reloading: Reloading;
  redis: RedisConnection;
  state: State;
  queue: TriageQueue;
  /** As the ingester `ingester-1` that refuses it. */
  reportRefusal: (refused: RefusedConfiguration | undefined) => Promise<void>;
  admission: Admission;
  incidents: IncidentStore;
  /** As an ingester `ingester-1` would report it that holds the cluster. */
  reportHealth: (health: ClusterHealth, at?: number) => Promise<void>;
  ingesters: IngesterHealthBoard;
  intake: IntakeCounters;
}

const CLUSTERS = [
  { name: 'prod', labels: { tier: 'one' }, mcp: { endpoint: 'http://prod' }, triage: { enabled: true } },
  { name: 'staging', mcp: { endpoint: 'http://staging' } },
].map((cluster) => ClusterConfig.parse(cluster));

/** An API with a key prefix of its own, and what the other processes would write to its Redis. */
export async function openApi(
  redisUrl: string,
  options: Partial<ApiOptions> = {},
  admission: Partial<AdmissionSettings> = {},
): Promise<ApiUnderTest> {
  const key_prefix = randomUUID();
  const settings = { url: redisUrl, key_prefix };
  const logger = silentLogger;
  const bounds: AdmissionSettings = {
    global_queue_size: 2,
    cluster_queue_size: 0,
    queue_overflow_policy: 'drop',
    dedup_window_seconds: 60,
    grouping: 'none',
    reopen_window: 3_600,
    reinvestigate_after: 21_600,
    storm_threshold: 10,
    ...admission,
  };
  const api = await startApi({
    admission: bounds,
    host: '127.0.0.1',
    port: 0,
    allowAnonymous: false,
    basePath: '',
    tls: false,
    auth: Settings.parse({}).api.auth,
    redis: settings,
    clusters: CLUSTERS,
    workspaceRoot: '/nowhere',
    shutdownTimeout: 10,
    logger,
    ...options,
  });
  const redis = connectWorker(settings, logger);
  const state = openState(redis, { key_prefix, logger, now: increasing() });
  const queue = state.openQueue();
  const under: ApiUnderTest = {
    url: api.url,
    reloading: api.reloading,
    key_prefix,
    get: async (path) => fetch(`${api.url}${path}`),
    redis,
    state,
    queue,
    admission: state.openAdmission(queue, bounds),
    incidents: state.incidents,
    reportRefusal: async (refused) => {
      await state.openLeases({ id: 'ingester-1' }).beat(new Map(), { refused });
    },
    reportHealth: async (health, at) => {
      const leases = state.openLeases({ id: 'ingester-1' });
      const { leases: held } = await leases.beat(new Map());
      const taken = await leases.take(new Map([[health.name, held.get(health.name)?.token ?? 0]]));
      const token = taken.get(health.name) ?? 0;
      await state.clusterHealth.publish(leases, [{ token, health }], at);
    },
    ingesters: state.ingesterHealth,
    intake: state.intake,
    async [Symbol.asyncDispose]() {
      await api.stop();
      await disconnect(redis);
    },
  };
  return under;
}

/** A clock of which no two readings are the same, so that the order of incidents is certain. */
function increasing(): () => number {
  let last = 0;
  return () => (last = Math.max(last + 1, Date.now()));
}

/** Once it has found its Redis. */
export async function openReadyApi(...parameters: Parameters<typeof openApi>): Promise<ApiUnderTest> {
  const api = await openApi(...parameters);
  await vi.waitUntil(async () => (await api.get('/readyz')).ok, { timeout: 30_000 });
  return api;
}

/** A fault as an ingester would admit it. */
export function fault(cluster = 'prod', severity: Severity = 'warning'): ClusterEvent {
  const received_at = new Date().toISOString();
  return {
    cluster_name: cluster,
    labels: {},
    source: 'subscription',
    received_at,
    event: {
      faultId: randomUUID(),
      faultType: 'CrashLoop',
      severity,
      resource: { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c-abcde', namespace: 'shop' },
      timestamp: received_at,
    },
  };
}

/** The body of a failed request. */
export async function failure(response: Response): Promise<{ status: number; code: unknown; message: string }> {
  const body: { error?: { code?: unknown; message?: string } } = JSON.parse(await response.text());
  return { status: response.status, code: body.error?.code, message: body.error?.message ?? '' };
}
