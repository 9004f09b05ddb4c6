import { OutgoingDispatcher } from '@nightcrier/cluster/outgoing/dispatcher';
import { BackgroundLoop } from '@nightcrier/core/async/background-loop';
import type { Logger } from '@nightcrier/core/logger';
import type { Secret } from '@nightcrier/core/settings/secret';
import type { SocketLease } from '@nightcrier/state/notifications/socket-lease';
import type { SocketModeClient } from '@slack/socket-mode';
import pTimeout from 'p-timeout';
import type { SlackClicks } from './slack-clicks.ts';

/** Times in milliseconds. */
export interface SocketTimes {
  /** Between two checks of the lease and the connection. */
  interval: number;
  /** Of the lease. */
  lease: number;
}

export const SOCKET_TIMES: SocketTimes = { interval: 5_000, lease: 20_000 };

export interface SlackSocketOptions {
  target: string;
  /** Names this process. */
  owner: string;
  readAppToken: () => Promise<Secret>;
  /** `https://slack.com/api` */
  apiUrl: string;
  clicks: SlackClicks;
  lease: SocketLease;
  times: SocketTimes;
  logger: Logger;
}

const CONNECT_TIMEOUT_MS = 20_000;
const CALL_TIMEOUT_MS = 10_000;

/**
 * The connection by which Slack sends clicks on buttons (Socket Mode), so that no port has to be reachable. Of all processes, the
 * one with the lease connects. The loop below connects again, not the client: a client that cannot would end the process with an
 * unhandled rejection.
 */
export class SlackSocket {
  readonly #options: SlackSocketOptions;
  readonly #loop: BackgroundLoop;
  readonly #abort = new AbortController();
  readonly #dispatcher = new OutgoingDispatcher({ allowH2: false });
  #client: SocketModeClient | undefined;
  #failed = false;

  constructor(options: SlackSocketOptions) {
    const { times } = options;
    this.#options = options;
    this.#loop = new BackgroundLoop(async () => this.#check(), {
      interval: times.interval,
      onError: (error) => this.#logFailure(error),
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#abort.abort('the worker shuts down');
    await this.#loop.stop();
    await this.#disconnect();
    await this.#options.lease.release(this.#options.target, this.#options.owner).catch(() => undefined);
    await this.#dispatcher.destroy();
  }

  async #check(): Promise<void> {
    const { lease, target, owner, times } = this.#options;
    if (this.#abort.signal.aborted) return;
    const isOwner = await lease.take(target, owner, times.lease);
    if (!isOwner) await this.#disconnect();
    else if (this.#client === undefined) await this.#connect();
  }

  async #connect(): Promise<void> {
    const { target, apiUrl, readAppToken, clicks, logger } = this.#options;
    const { SocketModeClient: Client, LogLevel } = await import('@slack/socket-mode');
    const client = new Client({
      appToken: (await readAppToken()).reveal(),
      autoReconnectEnabled: false,
      clientOptions: {
        slackApiUrl: `${apiUrl.replace(/\/+$/, '')}/`,
        retryConfig: { retries: 0 },
        timeout: CALL_TIMEOUT_MS,
      },
      dispatcher: this.#dispatcher,
      logger: quiet(logger, target, LogLevel.ERROR),
    });
    client.on('interactive', ({ ack, body }: { ack: () => Promise<void>; body: unknown }) => {
      // Slack wants an answer within three seconds, and sends the click again without one.
      ack().catch((error: unknown) => logger.debug({ target, error }, 'slack click not acknowledged'));
      void clicks.handle(body, this.#abort.signal);
    });
    client.on('disconnected', () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#loop.wake();
    });
    this.#client = client;
    try {
      await pTimeout(client.start(), { milliseconds: CONNECT_TIMEOUT_MS, signal: this.#abort.signal });
      this.#failed = false;
      logger.info({ target }, 'slack socket connected');
    } catch (error) {
      this.#client = undefined;
      client.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client) await pTimeout(client.disconnect(), { milliseconds: 1_000, fallback: () => undefined });
  }

  /** One line for an outage. */
  #logFailure(error: unknown): void {
    const { logger, target } = this.#options;
    if (this.#abort.signal.aborted) return;
    if (this.#failed) logger.debug({ target, error }, 'slack socket still not connected');
    else logger.warn({ target, error }, 'slack socket not connected; buttons do nothing');
    this.#failed = true;
  }
}

/** What the client logs contains messages and addresses with tickets. */
function quiet<Level>(logger: Logger, target: string, level: Level) {
  const nothing = (): void => undefined;
  const failed = (): void => logger.debug({ target }, 'slack socket client reported an error');
  return {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: failed,
    setLevel: nothing,
    getLevel: () => level,
    setName: nothing,
  };
}
