import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { sameValue } from '@nightcrier/core/same-value';
import type { Notifier } from './notifier.ts';

type NotificationSettings = Partial<Config>;

/**
 * The notifier of a running worker. A changed configuration stops the current {@link Notifier} and starts another one; what
 * is due or queued meanwhile stays in Redis. One change is applied after the other.
 */
export class LiveNotifier {
  readonly #open: (config: Config) => Notifier;
  readonly #logger: Logger;
  #current: Notifier;
  #settings: NotificationSettings;
  #changing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(open: (config: Config) => Notifier, config: Config, logger: Logger) {
    this.#open = open;
    this.#logger = logger;
    this.#current = open(config);
    this.#settings = settingsOf(config);
  }

  async start(): Promise<void> {
    await this.#current.start();
  }

  /** Something is due. */
  wake(): void {
    this.#current.wake();
  }

  /** Applies other targets in the background. Does nothing if the settings are the same. */
  configure(config: Config): void {
    const settings = settingsOf(config);
    if (sameValue(settings, this.#settings)) return;
    this.#settings = settings;
    this.#changing = this.#changing
      .then(() => this.#replace(config))
      .catch((error: unknown) => this.#logger.error({ error }, 'notification targets not changed'));
  }

  /** Idempotent. Waits for a change in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#changing;
    await this.#current.stop();
  }

  async #replace(config: Config): Promise<void> {
    if (this.#stopped) return;
    await this.#current.stop();
    this.#current = this.#open(config);
    await this.#current.start();
    this.#current.wake();
  }
}

function settingsOf(config: Config): NotificationSettings {
  const entries = Object.entries(config).filter(([key]) =>
    /^(slack|webhook)_|^(public_url|route|receivers)$/.test(key),
  );
  return Object.fromEntries(entries);
}
