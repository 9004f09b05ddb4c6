import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import { setTimeout as sleep } from 'node:timers/promises';
import pTimeout from 'p-timeout';
import type { Resync } from '../backfill/resync.ts';
import type { ClusterDetection } from '../detection/cluster-detection.ts';
import { KINDS, WATCHED_KINDS, type WatchedKind } from '../detection/objects/kinds.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { KubernetesError, type KubernetesErrorCode, reasonOf } from '../kubernetes/kubernetes-error.ts';
import { ConnectionError, type ConnectionErrorCode } from '../mcp/session/connection-error.ts';
import type { ClusterSight } from '../sight/cluster-sight.ts';
import { KindWatch } from './kind-watch.ts';

export interface KubernetesWatchOptions {
  /** Opens the API server of the cluster. Called for each request, so that renewed credentials take effect. */
  open: () => Promise<Kubernetes>;
  detection: ClusterDetection;
  resync: Resync;
  sight: ClusterSight;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Between 0 and 1. */
  random: () => number;
  /** The connection comes this far; `active` when all kinds that can be listed are followed, and the gap is closed. */
  onStatus: (status: 'connecting' | 'connected' | 'subscribing' | 'active') => void;
}

/** Changes that come within this time are judged together, ms. */
const SETTLE_MS = 200;
/** Time passes without changes: grace periods end, symptoms recover, ms. */
const LONGEST_WAIT_MS = 10_000;
/** Between two proofs that the API server would show us a fault, ms. */
const PROOF_INTERVAL_MS = 30_000;
const PROOF_TIMEOUT_MS = 10_000;
/** A gap that cannot be closed, because the store is unreachable, is tried again, ms. */
const RETRY_MS = 1_000;

const PODS = ['api', 'v1', 'pods'];
/** What is wrong with the whole API server, not with one kind. */
const WHOLE: ReadonlySet<KubernetesErrorCode> = new Set(['unreachable', 'credentials', 'timeout']);
const CODES: Partial<Record<KubernetesErrorCode, ConnectionErrorCode>> = {
  credentials: 'unauthorized',
  kubeconfig: 'bad_credentials',
  unreachable: 'unreachable',
  timeout: 'timeout',
  forbidden: 'forbidden',
  not_found: 'not_found',
};

/**
 * Follows a cluster through its Kubernetes API, with a list and a watch of each kind that detection reads. A small list at an
 * interval, and whenever a watch fails, proves that the API server would show us a fault.
 * @throws always: ConnectionError when the API server is lost, or the signal's reason
 */
export async function watchKubernetes(options: KubernetesWatchOptions, stop: AbortSignal): Promise<never> {
  const { detection, resync, sight, logger, now, random, onStatus } = options;
  const epoch = new AbortController();
  const signal = AbortSignal.any([epoch.signal, stop]);
  const untilLost = { milliseconds: Infinity, signal };
  const unreadable = new Set<WatchedKind>();
  let provenAt = now();
  const judge = new BackgroundLoop(
    async () => {
      const isClosed = await resync.settle(provenAt, 'subscription');
      const next = detection.detector.nextChange(now());
      return isClosed ? Math.min(LONGEST_WAIT_MS, Math.max(0, (next ?? Infinity) - now()) + 1) : RETRY_MS;
    },
    {
      interval: LONGEST_WAIT_MS,
      firstRun: 'after_interval',
      onError: (error) => logger.error({ error }, 'detection failed'),
    },
  );
  let running: Promise<unknown> = Promise.resolve();
  try {
    onStatus('connecting');
    await prove(options, signal);
    onStatus('connected');
    onStatus('subscribing');
    resync.begin(now());
    const proof = new AbortController();
    let askAgain = proof;
    const listed = WATCHED_KINDS.map((kind) => {
      const first = Promise.withResolvers<void>();
      const watch = new KindWatch({
        kind,
        open: options.open,
        detector: detection.detector,
        now,
        random,
        signal,
        onChange: () => judge.wake(SETTLE_MS),
        onListed: (problem) => {
          first.resolve();
          if (problem && WHOLE.has(problem.code)) askAgain.abort();
          noteReadable(kind, problem, unreadable, options);
          judge.wake(SETTLE_MS);
        },
      });
      return { run: watch.run(), first: first.promise };
    });
    running = Promise.all(listed.map(({ run }) => run));
    await pTimeout(Promise.all(listed.map(({ first }) => first)), untilLost);
    while (!(await resync.settle(provenAt, 'subscription'))) await sleep(RETRY_MS, undefined, { signal });
    judge.start();
    onStatus('active');
    for (;;) {
      askAgain = new AbortController();
      const wait = AbortSignal.any([signal, askAgain.signal]);
      await sleep(PROOF_INTERVAL_MS, undefined, { signal: wait }).catch(() => undefined);
      signal.throwIfAborted();
      const askedAt = now();
      await prove(options, signal);
      provenAt = askedAt;
      // A watch that fails while the server answers must not ask without end.
      await sleep(RETRY_MS, undefined, { signal });
    }
  } catch (error) {
    stop.throwIfAborted();
    throw asConnectionError(error);
  } finally {
    epoch.abort();
    sight.endListing('kubernetes');
    detection.detector.loseAll();
    await judge.stop();
    await running;
  }
}

/** @throws KubernetesError when the API server does not list a pod to us, also not at the second attempt */
async function prove({ open, sight }: KubernetesWatchOptions, signal: AbortSignal): Promise<void> {
  const ask = async (): Promise<void> => {
    const kubernetes = await open();
    await kubernetes.getText(PODS, { query: { limit: 1 }, signal, timeout: PROOF_TIMEOUT_MS });
  };
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.code !== 'timeout') throw error;
    await ask();
  }
  sight.prove();
}

function noteReadable(
  kind: WatchedKind,
  problem: KubernetesError | undefined,
  unreadable: Set<WatchedKind>,
  { logger, sight }: KubernetesWatchOptions,
): void {
  if (!problem) {
    sight.readKind(kind, 'kubernetes');
    if (unreadable.delete(kind)) logger.info({ kind }, 'kind can be watched again');
    return;
  }
  // Not every cluster serves it, and of one that is not served some servers say that it is forbidden.
  if ('optional' in KINDS[kind] || WHOLE.has(problem.code)) return;
  sight.loseKind(kind, 'kubernetes', problem.code === 'forbidden' ? `forbidden: ${problem.message}` : problem.message);
  if (unreadable.has(kind)) return;
  unreadable.add(kind);
  logger.warn({ kind, problem: problem.message }, 'kind cannot be watched; its faults are not seen');
}

function asConnectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const code = error instanceof KubernetesError ? CODES[error.code] : 'internal';
  return new ConnectionError(code ?? 'protocol', reasonOf(error), { cause: error });
}
