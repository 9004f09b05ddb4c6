import type { ClusterConfig } from '@nightcrier/core/cluster-config';
import type { IntakeMode } from '@nightcrier/core/cluster-health';
import type { Logger } from '@nightcrier/core/logger';
import type { Secret } from '@nightcrier/core/secret';
import type { LimitFunction } from 'p-limit';
import type { Dispatcher } from 'undici';
import { abortable } from './abortable.ts';
import { ConnectionError, rootMessage } from './connection-error.ts';
import type { ConnectionStatusTracker } from './connection-status.ts';
import { livenessWithin, watchLiveness } from './liveness.ts';
import type { ClusterPoll } from './poll.ts';
import { DEFAULT_SESSION_TIMEOUTS, McpSession, type SessionTimeouts } from './session.ts';
import { Subscription, type SubscriptionMode } from './subscription.ts';
import { LIST_RESOURCES_TOOL, SUBSCRIBE_TOOL } from './tools.ts';

export interface ClusterWatchTimeouts extends SessionTimeouts {
  /** Subscribing: the server waits for its caches. */
  subscribe: number;
}

export const DEFAULT_TIMEOUTS: ClusterWatchTimeouts = { ...DEFAULT_SESSION_TIMEOUTS, subscribe: 90_000 };

/** Durations in milliseconds. */
export interface ClusterWatchOptions {
  cluster: ClusterConfig;
  /** Called at each connect, so that a rotated key takes effect. */
  readApiKey: () => Promise<Secret | undefined>;
  /** What is wanted of the server; one without subscriptions is polled in any case. */
  mode: SubscriptionMode | 'poll';
  /** A dead connection is noticed within this time. */
  readTimeout: number;
  timeouts: ClusterWatchTimeouts;
  /** Shared by all connections of the process. */
  transport: Dispatcher;
  /** Bounds how many connects the process makes at once; shared. */
  connectLimit: LimitFunction;
  /** Between 0 and 1. */
  random: () => number;
  logger: Logger;
  status: ConnectionStatusTracker;
  poll: ClusterPoll;
  onMode: (mode: IntakeMode) => void;
  /** `params` of each fault or event that the server pushes. */
  onNotification: (params: unknown) => void;
}

/**
 * Watches a cluster with one session, from connect to loss: connect, open the event stream, let notifications through,
 * subscribe, and then look after it; or poll instead. Each call is an epoch of its own: what it sets up dies with it, so
 * that nothing of an old connection reaches a later one.
 * @throws always: ConnectionError for a loss, the signal's reason for a stop, and then server and session are rid of us
 */
export async function watchCluster(options: ClusterWatchOptions, stop: AbortSignal): Promise<never> {
  const epoch = new AbortController();
  const { signal } = epoch;
  const endEpoch = (): void => epoch.abort(stop.reason);
  stop.addEventListener('abort', endEpoch, { once: true });
  if (stop.aborted) endEpoch();
  try {
    const subscription = newSubscription(options, epoch);
    const { session, mode } = await options.connectLimit(() => connect(options, subscription, epoch));
    try {
      return await (mode === 'poll'
        ? pollUntilLost(options, session, signal)
        : subscribeUntilLost(options, mode, session, subscription, signal));
    } finally {
      // A stop waits for the clean end. What a lost session left behind is cleared away beside the next attempt.
      if (stop.aborted) await subscription.unsubscribe(session, options.timeouts.close);
      const closed = session.close();
      if (stop.aborted) await closed;
    }
  } catch (error) {
    // What ended the epoch is the cause; what it interrupted is a consequence.
    throw signal.aborted ? signal.reason : error;
  } finally {
    stop.removeEventListener('abort', endEpoch);
    epoch.abort();
  }
}

function newSubscription(
  { cluster, logger, onNotification }: ClusterWatchOptions,
  epoch: AbortController,
): Subscription {
  return new Subscription({
    clusterName: cluster.name,
    endpoint: cluster.mcp.endpoint,
    logger,
    onReceived: (params) => {
      if (!epoch.signal.aborted) onNotification(params);
    },
    onLost: (error) => epoch.abort(error),
  });
}

async function connect(
  options: ClusterWatchOptions,
  subscription: Subscription,
  epoch: AbortController,
): Promise<{ session: McpSession; mode: ClusterWatchOptions['mode'] }> {
  const { cluster, logger, timeouts, transport: dispatcher, status } = options;
  const { signal } = epoch;
  signal.throwIfAborted();
  status.change('connecting');
  const session = await McpSession.open(
    {
      endpoint: cluster.mcp.endpoint,
      apiKey: await readApiKey(options),
      dispatcher,
      timeouts,
      logger,
      onNotification: (params) => subscription.receive(params),
      onLost: (error) => epoch.abort(error),
    },
    signal,
  );
  try {
    const mode = chooseMode(options, session);
    options.onMode(mode === 'poll' ? 'poll' : 'subscribe');
    // Subscribed before the stream is up, the first fault would be lost and cancel the subscription.
    if (mode !== 'poll') await abortable(session.listen(), signal);
    status.change('connected');
    return { session, mode };
  } catch (error) {
    await session.close();
    throw error;
  }
}

function chooseMode({ mode, cluster }: ClusterWatchOptions, session: McpSession): ClusterWatchOptions['mode'] {
  if (mode !== 'poll' && session.hasLogging && session.tools.has(SUBSCRIBE_TOOL)) return mode;
  if (session.tools.has(LIST_RESOURCES_TOOL)) return 'poll';
  const lacking = mode === 'poll' ? LIST_RESOURCES_TOOL : `${SUBSCRIBE_TOOL} or ${LIST_RESOURCES_TOOL}`;
  const message = `${cluster.mcp.endpoint} has no tool ${lacking}; check that it is a kubernetes-mcp-server with the core toolset`;
  throw new ConnectionError('unsupported', message);
}

async function subscribeUntilLost(
  options: ClusterWatchOptions,
  mode: SubscriptionMode,
  session: McpSession,
  subscription: Subscription,
  signal: AbortSignal,
): Promise<never> {
  const { cluster, random, status, timeouts } = options;
  await abortable(session.enableNotifications(), signal);
  status.change('subscribing');
  const subscriptionId = await abortable(subscription.subscribe(session, mode, timeouts.subscribe), signal);
  status.change('active', { mode, subscription: subscriptionId });
  const liveness = livenessWithin(options.readTimeout);
  const { endpoint } = cluster.mcp;
  return abortable(watchLiveness({ session, subscriptionId, endpoint, liveness, random, signal }), signal);
}

/** The first poll stands for the subscription: only a cluster that could be read is active. */
async function pollUntilLost(options: ClusterWatchOptions, session: McpSession, signal: AbortSignal): Promise<never> {
  const { poll, status } = options;
  status.change('subscribing');
  await abortable(poll.once(session), signal);
  status.change('active', { mode: 'poll' });
  return abortable(poll.repeat(session, signal), signal);
}

async function readApiKey(options: ClusterWatchOptions): Promise<Secret | undefined> {
  try {
    return await options.readApiKey();
  } catch (error) {
    throw new ConnectionError('bad_credentials', `the API key cannot be read: ${rootMessage(error)}`, { cause: error });
  }
}
