import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { ReceiverTarget } from '@nightcrier/core/routing/receiver-targets';
import type { Route } from '@nightcrier/core/routing/route-tree';
import type { State } from '@nightcrier/state/open-state';
import { Dispatcher } from './dispatcher.ts';
import type { NotificationTarget } from './notification-target.ts';
import type { SlackSocket } from './slack/slack-socket.ts';
import { type DeliveryTimes, TargetWorker, type TargetWorkerOptions } from './target-worker.ts';

/** Times in milliseconds. */
export interface NotifierTimes extends DeliveryTimes {
  /** Between two reads of the outbox; recurrences within it become one notification. */
  interval: number;
}

export const DEFAULT_NOTIFIER_TIMES: NotifierTimes = {
  interval: 5_000,
  lockDuration: 30_000,
  stalledInterval: 10_000,
  retryDelay: { initial: 2_000, max: 600_000 },
  refreshInterval: 5_000,
};

/** What a running delivery gets to finish at a stop: the result of an aborted one is unknown. */
const STOP_PATIENCE_MS = 3_000;

export interface NotifierOptions extends TargetWorkerOptions {
  state: TargetWorkerOptions['state'] & Pick<State, 'outbox' | 'problemOutbox'>;
  route: Route;
  receivers: readonly ReceiverTarget[];
  /** In the order of {@link receivers}. */
  targets: NotificationTarget[];
  /** Where clicks on buttons come from. */
  sockets: readonly SlackSocket[];
  times: NotifierTimes;
}

/**
 * Moves due notifications from the outboxes into a queue per target, and delivers what is queued. Any number of workers do
 * both; job ids derived from the notification prevent duplicates. Order: `start` once, `stop` at any time, also before or
 * during `start`.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #loop: BackgroundLoop;
  #state: 'new' | 'started' | 'stopped' = 'new';
  #workers: TargetWorker[] = [];
  #dispatcher: Dispatcher | undefined;

  constructor(options: NotifierOptions) {
    const { times, logger } = options;
    this.#options = options;
    this.#loop = new BackgroundLoop(async () => this.#dispatcher?.dispatch(), {
      interval: times.interval,
      firstRun: 'after_interval',
      // Redis is unreachable; notifications stay in the outbox.
      onError: (error) => logger.debug({ error }, 'notification outbox not read'),
    });
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    const { targets, receivers, sockets, route, state, incidents, logger } = this.#options;
    this.#workers = targets.map((target) => new TargetWorker(target, this.#options));
    await Promise.all(this.#workers.map(async (worker) => worker.prepare()));
    await state.receiverHealth.retain(targets.map(({ id }) => id));
    if (this.#isStopped()) return;
    for (const worker of this.#workers) {
      const { id } = worker;
      worker.run().catch((error: unknown) => logger.error({ target: id, error }, 'notification worker stopped'));
    }
    const { outbox, problemOutbox, conversations } = state;
    this.#dispatcher = new Dispatcher({
      route,
      targets: receivers,
      queues: this.#workers,
      outbox,
      problemOutbox,
      conversations,
      incidents,
      logger,
    });
    for (const socket of sockets) socket.start();
    this.#loop.start();
    if (targets.length > 0) logger.info({ targets: targets.map(({ id }) => id) }, 'notifier started');
  }

  /** Reads the outbox immediately: a notification is due. */
  wake(): void {
    this.#loop.wake();
  }

  /** Stops deliveries. What is due or queued stays for other workers or the next start. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    await this.#loop.stop();
    await Promise.all([
      ...this.#workers.map(async (worker) => worker.stop(STOP_PATIENCE_MS)),
      ...this.#options.sockets.map(async (socket) => socket.stop()),
    ]);
  }

  /** Also changes during `start`. */
  #isStopped(): boolean {
    return this.#state === 'stopped';
  }
}
