import type { RefusedConfiguration } from '@nightcrier/core/clusters/cluster-health';
import type { Config } from '@nightcrier/core/settings/config';
import { changeConfig } from '@nightcrier/core/settings/live-settings';
import type { ProcessName } from '@nightcrier/core/settings/setting-meta';
import type { Logger } from '@nightcrier/core/logger';
import { unwatchFile, watchFile } from 'node:fs';
import { ConfigError } from './config-error.ts';
import type { LoadedConfig } from './load-config.ts';

/** Why a changed configuration is not used, as the process itself reports it. */
export type Refusal = Omit<RefusedConfiguration, 'process'>;

/** How an app follows a changed configuration. */
export interface Reloading {
  /** Applies `config`, in which only live settings differ from before. Also called when a refused file is valid again. */
  apply(config: Config): void;
  /** Reports why the former configuration stays in use. */
  refuse(refusal: Refusal): void;
}

export interface ConfigWatcherOptions {
  /** Which settings are live depends on it. Undefined: the process runs all parts. */
  process?: ProcessName;
  /** What the process was started with. */
  loaded: LoadedConfig;
  /** Reads it again, from the same sources. */
  load: () => Promise<LoadedConfig>;
  logger: Logger;
  /** Interval between two checks of the file, and delay between a change and its reading, ms. */
  interval?: number;
  settle?: number;
}

/**
 * Reloads the configuration on SIGHUP and when its file changes. The file is polled by name: this finds what editors do
 * (replace the file) and what Kubernetes does (replace the target of a symlink), on any file system. A configuration with a
 * problem is refused as a whole. Changes that come before {@link follow} are applied by it.
 */
export class ConfigWatcher {
  readonly #options: ConfigWatcherOptions;
  readonly #onChange = (): void => this.#changed();
  #config: Config;
  #reloading: Reloading | undefined;
  #refusal: Refusal | undefined;
  /** Each is logged once, not at every reload. */
  #warnings: ReadonlySet<string>;
  #pending = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ConfigWatcherOptions) {
    this.#options = options;
    this.#config = options.loaded.config;
    this.#warnings = new Set(options.loaded.warnings);
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
      for (const warning of warnings) {
        if (!this.#warnings.has(warning)) logger.warn({ file, warning }, 'configuration warning');
      }
      this.#warnings = new Set(warnings);
      this.#apply(config, reloading);
    } catch (error) {
      if (error instanceof ConfigError) this.#refuse(error, reloading);
      else logger.error({ error }, 'configuration reload failed');
    }
  }

  #apply(next: Config, reloading: Reloading): void {
    const { logger, process } = this.#options;
    const { file } = this.#options.loaded;
    const { config, applied, pending } = changeConfig(process, this.#config, next);
    if (pending.length > 0) logger.warn({ file, settings: pending }, 'changed settings need a restart');
    this.#config = config;
    if (applied.length === 0 && !this.#refusal) return;
    this.#refusal = undefined;
    reloading.apply(config);
    logger.info({ file, settings: applied }, 'configuration reloaded');
  }

  #refuse({ message, problems }: ConfigError, reloading: Reloading): void {
    const [error = message] = message.split('\n', 1);
    this.#refusal = { error, problems, since: this.#refusal?.since ?? new Date().toISOString() };
    this.#options.logger.error({ ...this.#refusal }, 'configuration refused; the former one stays in use');
    reloading.refuse(this.#refusal);
  }
}
