import type { ClusterConfig } from '@nightcrier/core/clusters/cluster-config';
import type { IntakeMode } from '@nightcrier/core/clusters/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import type { Dispatcher } from 'undici';
import type { ClusterScan } from '../../backfill/cluster-scan.ts';
import type { Resync } from '../../backfill/resync.ts';
import type { WatermarkTracker } from '../../backfill/watermark.ts';
import type { ClusterDetection } from '../../detection/cluster-detection.ts';
import { type ClusterSight, PROOF_VALID_MS } from '../../sight/cluster-sight.ts';
import type { EventConfirmation } from '../../sources/event-confirmation.ts';
import type { ClusterPoll } from '../../sources/poll.ts';
import type { OnMalformed } from '../malformed.ts';
import type { McpAccess } from '../session/access.ts';
import type { ProtocolEra } from '../session/protocol-era.ts';
import { DEFAULT_SESSION_TIMEOUTS, type SessionTimeouts } from '../session/session.ts';
import type { ConnectionStatusTracker } from './connection-status.ts';
import type { PushedNotification, SubscriptionMode } from './subscription.ts';
import type { SupplementState } from './supplement-state.ts';

export interface ClusterWatchTimeouts extends SessionTimeouts {
  /** Subscribing: the server waits for its caches. */
  subscribe: number;
  /** One list of all objects of a kind. */
  list: number;
  /** Longest time without a proof that faults would be seen, and in which a Warning Event must be pushed. */
  proof: number;
}

export const DEFAULT_TIMEOUTS: ClusterWatchTimeouts = {
  ...DEFAULT_SESSION_TIMEOUTS,
  subscribe: 90_000,
  list: 30_000,
  proof: PROOF_VALID_MS,
};

/** Durations in milliseconds. */
export interface ClusterWatchOptions {
  cluster: ClusterConfig;
  /** Of the MCP server. */
  endpoint: string;
  /** The watch of the Kubernetes API beside the session, if one is configured. */
  follower: SupplementState | undefined;
  /** Called at each connect, so that a rotated key takes effect. */
  readAccess: () => Promise<McpAccess>;
  /** What to ask of the server. One without subscriptions is polled in any case. */
  mode: SubscriptionMode | 'poll';
  /** A dead connection is detected within this time. */
  readTimeout: number;
  /** How often the object of a firing symptom is read where nothing watches it. */
  recheckInterval: number;
  timeouts: ClusterWatchTimeouts;
  /** Largest part of the time in which Events are listed to check that they are pushed. */
  pushCheckShare?: number | undefined;
  /** Shared by all connections of the process. */
  transport: Dispatcher;
  /** Bounds the concurrent connects of the process; shared. */
  connectLimit: <T>(connect: () => Promise<T>) => Promise<T>;
  /** Between 0 and 1. */
  random: () => number;
  logger: Logger;
  status: ConnectionStatusTracker;
  era: ProtocolEra;
  scan: ClusterScan;
  poll: ClusterPoll;
  resync: Resync;
  detection: ClusterDetection;
  sight: ClusterSight;
  watermark: WatermarkTracker;
  now: () => number;
  /** Milliseconds of a clock that is never set. */
  steadyNow: () => number;
  onMode: (mode: IntakeMode) => void;
  /** What confirms the notifications of the session that begins now, and undefined when it has ended. */
  onConfirmation: (confirmation: EventConfirmation | undefined) => void;
  onMalformed: OnMalformed;
  /** Receives each fault or event that the server pushes. */
  onNotification: (notification: PushedNotification) => void;
}
