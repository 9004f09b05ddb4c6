import pTimeout from 'p-timeout';
import type { ResyncWatch } from '../../backfill/resync.ts';
import type { WarningEvent } from '../../detection/objects/kinds.ts';
import { PushCanary } from '../../sight/push-canary.ts';
import { EventConfirmation } from '../../sources/event-confirmation.ts';
import { watchLiveness, watchSight } from '../liveness/liveness.ts';
import { livenessWithin } from '../liveness/probe-times.ts';
import { proveSight } from '../liveness/proof.ts';
import { aboutEvent, PushCheck } from '../liveness/push-check.ts';
import { aboutFault, faultToPush } from '../liveness/pushed-faults.ts';
import { SightCheck } from '../liveness/sight-check.ts';
import type { ConnectionError } from '../session/connection-error.ts';
import type { McpSession } from '../session/session.ts';
import { LIST_RESOURCES_TOOL } from '../session/tools.ts';
import { openSession } from './open-session.ts';
import { SilentPushSupplement } from './silent-push-supplement.ts';
import { Subscription, type SubscriptionMode } from './subscription.ts';
import type { SupplementState } from './supplement-state.ts';
import type { ClusterWatchOptions } from './watch-options.ts';

/**
 * Watches a cluster with one session, from connect to loss: connects, opens the event stream, enables notifications,
 * subscribes and probes; or polls instead. Each call is an epoch: all that it sets up ends with it, so that nothing of an
 * old connection reaches a later one.
 * @throws always: ConnectionError for a loss; the signal's reason for a stop, after unsubscribing and deleting the session
 */
export async function watchCluster(options: ClusterWatchOptions, stop: AbortSignal): Promise<never> {
  const epoch = new AbortController();
  const { signal } = epoch;
  const endEpoch = (): void => epoch.abort(stop.reason);
  stop.addEventListener('abort', endEpoch, { once: true });
  if (stop.aborted) endEpoch();
  try {
    const canary = new PushCanary(options.timeouts.proof, options.steadyNow());
    const subscription = newSubscription(options, canary, epoch, stop);
    const { session, mode } = await options.connectLimit(() => openSession(options, subscription, epoch));
    try {
      await pTimeout(prove(options, session), { milliseconds: Infinity, signal });
      return await (mode === 'poll'
        ? pollUntilLost(options, session, signal)
        : subscribeUntilLost(options, mode, session, subscription, canary, epoch));
    } finally {
      // A stop waits for the clean end. A lost session is closed while the next attempt runs.
      if (stop.aborted) await subscription.unsubscribe(session, options.timeouts.close);
      const closed = session.close();
      if (stop.aborted) await closed;
    }
  } catch (error) {
    // What ended the epoch is the cause; what it interrupted is a consequence.
    throw signal.aborted ? signal.reason : error;
  } finally {
    options.watermark.lose();
    options.sight.endSession();
    stop.removeEventListener('abort', endEpoch);
    epoch.abort();
  }
}

function newSubscription(
  { endpoint, logger, mode, watermark, sight, now, steadyNow, onNotification }: ClusterWatchOptions,
  canary: PushCanary,
  epoch: AbortController,
  stop: AbortSignal,
): Subscription {
  return new Subscription({
    endpoint,
    logger,
    onNotification: (notification) => {
      // A stop takes what arrives until the subscription has ended.
      if (epoch.signal.aborted && !stop.aborted) return;
      if (notification.kind === 'fault') {
        const { event, fault } = notification;
        // One subscription proves nothing of the other: where there are Events, they are compared.
        if (event) canary.pushed(aboutEvent(event), steadyNow());
        else if (mode === 'faults') canary.pushed(aboutFault(fault.resource), steadyNow());
      }
      // A server that could not send one notification sends no more: with this one, none is missing before it.
      if (!sight.isDegraded('push')) watermark.confirm(now());
      onNotification(notification);
    },
    onDegraded: (message) => sight.degrade('subscription', message),
    onLost: (error) => epoch.abort(error),
  });
}

/**
 * Proves that the server can list the cluster, before anything is subscribed: each subscription costs it watches.
 * @throws ConnectionError when it cannot be listed
 */
async function prove(
  { endpoint, scan, sight, timeouts, now }: ClusterWatchOptions,
  session: McpSession,
): Promise<void> {
  if (!session.tools.has(LIST_RESOURCES_TOOL)) return;
  if (await scan.prove(session, timeouts.call, now())) {
    sight.prove();
    return;
  }
  const proof = await proveSight(session, endpoint, timeouts.call);
  sight.prove();
  if (proof.kind === 'refused') sight.degrade('unproven', proof.reason);
}

async function subscribeUntilLost(
  options: ClusterWatchOptions,
  mode: SubscriptionMode,
  session: McpSession,
  subscription: Subscription,
  canary: PushCanary,
  epoch: AbortController,
): Promise<never> {
  const { signal } = epoch;
  const { detection, watermark, now, steadyNow, random, resync, sight, status, timeouts, endpoint } = options;
  const confirmation = beginConfirmation(options, session, signal);
  const keepSuspects = (): void => {
    // Nothing follows the objects from here on; those that show a symptom are read one by one.
    confirmation.followSuspects();
    detection.detector.forgetHealthy();
  };
  const isFollowed = (): boolean => options.follower?.isFollowing === true;
  const supplement = new SilentPushSupplement({ ...options, isFollowed, session, signal, onEnd: keepSuspects });
  const untilLost = { milliseconds: Infinity, signal };
  await pTimeout(session.enableNotifications(), untilLost);
  status.change('subscribing');
  const { ids: subscriptionIds, cluster: serverCluster } = await pTimeout(
    subscription.subscribe(session, mode, timeouts.subscribe),
    untilLost,
  );
  // The server computes fingerprints from its own name for the cluster.
  resync.begin(now(), serverCluster);
  const onLost = (error: ConnectionError): void => epoch.abort(error);
  const onScanned = (): void => {
    if (!supplement.isRunning && !isFollowed()) keepSuspects();
  };
  if (options.follower && session.tools.has(LIST_RESOURCES_TOOL)) {
    void scanUnfollowed(options.follower, options, { session, signal, onLost, onScanned });
  } else if (session.tools.has(LIST_RESOURCES_TOOL)) {
    await pTimeout(resync.follow({ session, signal, onLost, onScanned }), untilLost);
  } else {
    await resync.pass();
  }
  status.change('active', { mode, subscription: subscriptionIds[0] });
  sight.prove();
  const liveness = livenessWithin(options.readTimeout, timeouts.proof);
  const wants = mode === 'faults' ? (event: WarningEvent) => faultToPush(event, detection.detector) : aboutEvent;
  const push = session.tools.has(LIST_RESOURCES_TOOL)
    ? new PushCheck({
        session,
        endpoint,
        canary,
        wants,
        timeout: liveness.proveTimeout,
        steadyNow,
        share: options.pushCheckShare,
      })
    : undefined;
  const check = new SightCheck({
    session,
    endpoint,
    liveness,
    sight,
    push,
    onSilent: (lastProvenAt) => supplement.start(lastProvenAt),
    onPushing: () => supplement.stop(),
  });
  const onAlive = (askedAt: number): void => watermark.confirm(askedAt);
  const { isCrowded } = resync;
  const subscribed = { session, subscriptionIds, endpoint, signal, check, isCrowded, onAlive };
  return pTimeout(watchLiveness({ ...subscribed, liveness, random, sight, steadyNow }), untilLost);
}

/** Scans the cluster through the session for as long as the watch beside it has failed. Ends with the session; never rejects. */
async function scanUnfollowed(
  follower: SupplementState,
  { logger, resync }: ClusterWatchOptions,
  watch: ResyncWatch,
): Promise<void> {
  const ended = new Promise<void>((resolve) => watch.signal.addEventListener('abort', () => resolve(), { once: true }));
  while (!watch.signal.aborted) {
    const followed = new AbortController();
    if (follower.hasFailed) {
      await resync.follow({ ...watch, signal: AbortSignal.any([watch.signal, followed.signal]) });
    } else {
      logger.debug({}, 'gap is left to the watch of the Kubernetes API');
    }
    await Promise.race([follower.change, ended]);
    followed.abort();
  }
}

/** Ends by itself when the session does. */
function beginConfirmation(
  { detection, recheckInterval, logger, now, onConfirmation }: ClusterWatchOptions,
  session: McpSession,
  signal: AbortSignal,
): EventConfirmation {
  const confirmation = new EventConfirmation(session, { detection, recheckInterval, logger, now });
  const end = (): void => {
    onConfirmation(undefined);
    void confirmation.stop();
  };
  signal.addEventListener('abort', end, { once: true });
  onConfirmation(confirmation);
  confirmation.start();
  return confirmation;
}

/** Polls in place of a subscription. A cluster is active once the first poll has read it. */
async function pollUntilLost(options: ClusterWatchOptions, session: McpSession, signal: AbortSignal): Promise<never> {
  const { endpoint, poll, random, readTimeout, resync, sight, status, timeouts } = options;
  status.change('subscribing');
  const untilLost = { milliseconds: Infinity, signal };
  await pTimeout(poll.first(session, resync), untilLost);
  status.change('active', { mode: 'poll' });
  const liveness = livenessWithin(readTimeout, timeouts.proof);
  const check = new SightCheck({ session, endpoint, liveness, sight });
  const proving = watchSight({ liveness, random, signal, sight, check });
  return pTimeout(Promise.race([poll.repeat(session, resync, signal), proving]), untilLost);
}
