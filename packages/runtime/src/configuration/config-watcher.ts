import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { sameValue } from '@nightcrier/core/same-value';
import { unwatchFile, watchFile } from 'node:fs';
import { ConfigError } from './config-error.ts';
import type { LoadedConfig } from './load-config.ts';

/** A configuration that is not used, as the process itself says it. */
export type Refusal = Omit<RefusedConfiguration, 'process'>;

/** What an app makes of a changed configuration. */
export interface Reloading {
  /** Settings that take effect while it runs; for the others it must be restarted. */
  readonly live: readonly (keyof Config)[];
  /** Uses `config`, in which only live settings differ from before. Called too when a refused one was put right. */
  apply(config: Config): void;
  /** Goes on with the old configuration, and has it known why. */
  refuse(refusal: Refusal): void;
}

export interface ConfigWatcherOptions {
  /** What the process was started with. */
  loaded: LoadedConfig;
  /** Reads it again, from the same sources. */
  load: () => Promise<LoadedConfig>;
  logger: Logger;
  /** Time between two looks at the file, and how long it is left alone after a change, ms. */
  interval?: number;
  settle?: number;
}

/**
 * Reloads the configuration on SIGHUP and when its file changes. It looks at the file by name, at an interval: so it sees
 * what editors do (another file under the name) and what Kubernetes does (another target of a symlink), on any file system.
 * A configuration with a problem is refused as a whole. Changes that come before {@link follow} wait for it.
 */
export class ConfigWatcher {
  readonly #options: ConfigWatcherOptions;
  readonly #onChange = (): void => this.#changed();
  #config: Config;
  #reloading: Reloading | undefined;
  #refusal: Refusal | undefined;
  #pending = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ConfigWatcherOptions) {
    this.#options = options;
    this.#config = options.loaded.config;
    const { file } = options.loaded;
    if (file !== undefined) {
      watchFile(file, { interval: options.interval ?? 1_000, persistent: false }, this.#onChange);
    }
    process.on('SIGHUP', this.#onChange);
  }

  /** Hands changes to an app from now on. */
  follow(reloading: Reloading): void {
    this.#reloading = reloading;
    if (this.#pending) this.#changed();
  }

  close(): void {
    const { file } = this.#options.loaded;
    if (file !== undefined) unwatchFile(file, this.#onChange);
    process.off('SIGHUP', this.#onChange);
    clearTimeout(this.#timer);
    this.#reloading = undefined;
  }

  #changed(): void {
    this.#pending = true;
    const reloading = this.#reloading;
    if (!reloading) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#pending = false;
      this.#running = this.#running.then(() => this.#reload(reloading));
    }, this.#options.settle ?? 200);
  }

  async #reload(reloading: Reloading): Promise<void> {
    const { load, logger } = this.#options;
    try {
      const { config, file, warnings } = await load();
      for (const warning of warnings) logger.warn({ file, warning }, 'configuration warning');
      this.#take(config, reloading);
    } catch (error) {
      if (error instanceof ConfigError) this.#refuse(error, reloading);
      else logger.error({ error }, 'configuration could not be reloaded');
    }
  }

  #take(config: Config, reloading: Reloading): void {
    const { logger } = this.#options;
    const { file } = this.#options.loaded;
    const now = new Map<string, unknown>(Object.entries(this.#config));
    const changed = Object.entries(config).filter(([key, value]) => !sameValue(value, now.get(key)));
    const isLive = ([key]: [string, unknown]): boolean => reloading.live.some((setting) => setting === key);
    const taken = changed.filter(isLive);
    const settings = taken.map(([key]) => key);
    const ignored = changed.map(([key]) => key).filter((key) => !settings.includes(key));
    if (ignored.length > 0) logger.warn({ file, settings: ignored }, 'changed settings need a restart of this process');
    if (settings.length === 0 && !this.#refusal) return;
    this.#refusal = undefined;
    this.#config = { ...this.#config, ...Object.fromEntries(taken) };
    reloading.apply(this.#config);
    logger.info({ file, settings }, 'configuration reloaded');
  }

  #refuse({ message, problems }: ConfigError, reloading: Reloading): void {
    const [error = message] = message.split('\n', 1);
    this.#refusal = { error, problems, since: this.#refusal?.since ?? new Date().toISOString() };
    this.#options.logger.error({ ...this.#refusal }, 'changed configuration is refused; the old one stays');
    reloading.refuse(this.#refusal);
  }
}
