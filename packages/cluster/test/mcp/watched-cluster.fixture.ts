import { silentLogger, type Logger } from '@nightcrier/core/logger';
import { Secret } from '@nightcrier/core/settings/secret';
import pLimit from 'p-limit';
import { ListPace } from '../../src/backfill/list-pace.ts';
import { expect, onTestFinished } from 'vitest';
import {
  ClusterConnection,
  type ClusterConnectionOptions,
  type Received,
} from '../../src/mcp/connection/cluster-connection.ts';
import type { DetectionMemory } from '../../src/detection/cluster-detection.ts';
import type { Watermark, WatermarkMemory } from '../../src/backfill/watermark.ts';
import type { MalformedReason } from '../../src/mcp/malformed.ts';
import { createMcpTransport } from '../../src/mcp/session/transport.ts';

interface LogLine {
  message: string;
  fields: Record<string, unknown>;
}

export interface WatchedCluster {
  connection: ClusterConnection;
  received: Received[];
  /** Every status it had, in order. */
  statuses: string[];
  lines: LogLine[];
  malformed: MalformedReason[];
  /** Waits until it is active. */
  active: () => Promise<void>;
  /** Waits until it has failed with such an error. */
  failed: (error?: RegExp) => Promise<void>;
}

type Overrides = Partial<ClusterConnectionOptions> & { apiKey?: string; name?: string };

/** Watches the cluster at an endpoint, impatiently, until the test is over. */
export function watchCluster(endpoint: string, overrides: Overrides = {}): WatchedCluster {
  const { apiKey, name = 'alpha', ...options } = overrides;
  const transport = options.transport ?? createMcpTransport();
  const received: Received[] = [];
  const statuses: string[] = [];
  const lines: LogLine[] = [];
  const malformed: MalformedReason[] = [];
  const connection: ClusterConnection = new ClusterConnection({
    cluster: {
      name,
      labels: { team: 'shop' },
      mcp: { endpoint },
      triage: { enabled: true, allow_secrets_access: false },
    },
    readAccess: async () => (apiKey === undefined ? {} : { apiKey: new Secret(apiKey) }),
    mode: 'faults',
    pollInterval: 100,
    pollShare: 1,
    pushCheckShare: 1,
    resyncInterval: 0,
    memory: rememberAll(received),
    detected: forgetAll,
    reconnect: { initialBackoff: 50, maxBackoff: 200, multiplier: 2, jitter: 0.1, stableAfter: 30_000 },
    // Requests with little time to answer belong in the tests that are about them: this machine may be busy.
    readTimeout: 60_000,
    timeouts: { connect: 30_000, call: 30_000, close: 30_000, subscribe: 30_000, list: 30_000, proof: 60_000 },
    transport,
    connectLimit: pLimit(50),
    listPace: new ListPace(),
    logger: recordingLogger(lines),
    onReceived: (one) => received.push(one),
    onMalformed: (reason) => malformed.push(reason),
    onHealthChange: () => statuses.push(connection.health().status),
    ...options,
  });
  onTestFinished(async () => {
    await connection.stop();
    if (!options.transport) await transport.destroy();
  });
  connection.start();
  const health = () => connection.health();
  return {
    connection,
    received,
    statuses,
    lines,
    malformed,
    active: () => expect.poll(() => health().status, { timeout: 60_000, interval: 10 }).toBe('active'),
    failed: (error = /./) =>
      expect
        .poll(() => lines.some(({ fields }) => fields.status === 'failed' && error.test(String(fields.error))), {
          // A list that hangs is waited for before the next probe.
          timeout: 60_000,
          interval: 10,
        })
        .toBe(true),
  };
}

/** Nothing was detected before. */
const forgetAll: DetectionMemory = {
  load: async () => [],
  save: () => undefined,
  confirm: () => undefined,
};

/** What is left behind in memory; every fault that was received has an incident. */
function rememberAll(received: Received[]): WatermarkMemory {
  let watermark: Watermark | undefined;
  return {
    read: async () => watermark,
    write: (latest) => (watermark = latest),
    known: async (sightings) => {
      const ids = new Set(received.flatMap((one) => (one.source === 'subscription' ? [] : [one.fault.faultId])));
      return sightings.map(({ fingerprint }) => ids.has(fingerprint));
    },
  };
}

function recordingLogger(lines: LogLine[], bound: object = {}): Logger {
  const record = (fields: object, message: string): void =>
    void lines.push({ message, fields: { ...bound, ...fields } });
  return {
    ...silentLogger,
    info: record,
    warn: record,
    error: record,
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}
