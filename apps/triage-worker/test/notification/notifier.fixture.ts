import type { NotifiedProblem, ProblemEvent } from '@nightcrier/core/problems/problem-notification';
import { receiverTargets } from '@nightcrier/core/routing/receiver-targets';
import { routeTree } from '@nightcrier/core/routing/route-tree';
import { silentLogger } from '@nightcrier/core/logger';
import { Settings } from '@nightcrier/core/settings/config';
import type { StoredProblemNotification } from '@nightcrier/state/notifications/problem-outbox';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectWorker, disconnect } from '@nightcrier/state/redis/connection';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { z } from 'zod';
import { type RedisServer, startRedisServer } from '../../../../test/fixtures/redis-server.ts';
import { configuredSockets, configuredTargets } from '../../src/notification/configured-targets.ts';
import { problemActions } from '../../src/notification/problem-actions.ts';
import { Notifier } from '../../src/notification/notifier.ts';
import type { AlertmanagerTimes } from '../../src/notification/targets/alertmanager.ts';
import { RecordingLogger } from '../fixtures/recording-logger.ts';

let server: RedisServer;

/** Runs one Redis for the tests of a file. */
export function useRedis(): void {
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.stop());
}

const TIMES = {
  interval: 50,
  // No pause of a busy machine lets a lock expire: no test kills a notifier.
  lockDuration: 60_000,
  stalledInterval: 500,
  retryDelay: { initial: 50, max: 200 },
  refreshInterval: 50,
};

export interface RunningNotifier {
  state: State;
  logger: RecordingLogger;
  /** Writes a notification of a change into the outbox, as the script of the change does. */
  notify: (event: ProblemEvent, change?: Partial<NotifiedProblem>) => Promise<StoredProblemNotification>;
  stop: () => Promise<void>;
}

export interface NotifierSetup {
  key_prefix?: string;
  alertmanagerTimes?: AlertmanagerTimes;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

let sequence = 0;

/** Starts what delivers notifications, without a worker around it. */
export async function startNotifier(
  settings: z.input<typeof Settings>,
  {
    key_prefix = randomUUID(),
    alertmanagerTimes = { interval: 200, lifetime: 2_000 },
    now = Date.now,
  }: NotifierSetup = {},
): Promise<RunningNotifier> {
  const config = { ...Settings.parse(settings), clusters: [] };
  const redis = connectWorker({ url: server.url, key_prefix }, silentLogger);
  const state = openState(redis, { key_prefix, logger: silentLogger, now });
  const logger = new RecordingLogger();
  const { slackCards, postedAlerts, incidents } = state;
  const parts = { slackCards, postedAlerts, slackRate: { max: 1, duration: 20 }, alertmanagerTimes, logger };
  const queue = state.openQueue();
  const notifier = new Notifier({
    state,
    incidents,
    route: routeTree(config.route),
    receivers: receiverTargets(config),
    targets: configuredTargets(config, parts),
    sockets: configuredSockets(config, {
      lease: state.socketLease,
      actions: problemActions(state, queue, () => config),
      owner: randomUUID(),
      times: { interval: 50, lease: 60_000 },
      logger,
    }),
    publicUrl: config.public_url,
    times: TIMES,
    logger,
  });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= notifier
      .stop()
      .then(() => queue.close())
      .then(() => disconnect(redis));
    return stopping;
  };
  onTestFinished(stop);
  await notifier.start();
  const notify: RunningNotifier['notify'] = async (event, change = {}) => {
    sequence += 1;
    const notification = {
      id: `spell-1-${sequence}`,
      sequence,
      event,
      at: new Date().toISOString(),
      problem: { ...PROBLEM, ...change },
    };
    await redis.hset(state.keys.dueProblemNotifications, notification.id, JSON.stringify(notification));
    return notification;
  };
  return { state, logger, notify, stop };
}

const PROBLEM: NotifiedProblem = {
  cluster: 'west',
  key: 'shop/cart',
  state: 'firing',
  severity: 'critical',
  since: new Date(Date.now() - 60_000).toISOString(),
  environment: 'production',
  labels: { team: 'payments' },
  namespace: 'shop',
  workload: 'cart',
  fault_types: ['CrashLoop'],
  symptoms: ['app/crash'],
  recurrences: 0,
  flapping: false,
};
