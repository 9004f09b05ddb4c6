import type { Config } from '@nightcrier/core/settings/config';
import type { ProcessName } from '@nightcrier/core/settings/setting-meta';
import type { Logger } from '@nightcrier/core/logger';
import { parseArgs } from 'node:util';
import { ConfigError } from '../configuration/config-error.ts';
import { CONFIG_OPTIONS, flagsFrom, flagsHelp } from '../configuration/config-flags.ts';
import { ConfigWatcher, type Reloading } from '../configuration/config-watcher.ts';
import { keepHeartbeat } from './heartbeat.ts';
import { type LoadedConfig, loadConfig } from '../configuration/load-config.ts';
import { createLogger } from './logger.ts';
import { stopSignal } from './stop-signal.ts';

/** Something that runs until it is stopped. `stop` is idempotent. */
export interface RunningApp {
  stop(): Promise<void>;
  /** Missing: it goes on with the configuration that it was started with. */
  readonly reloading?: Reloading;
}

/**
 * The whole `main` of a process: reads flags, configuration and environment, starts the app, has it follow changes of the
 * configuration (SIGHUP, or another content of the file), and stops it on SIGTERM or SIGINT, or when the process that
 * started it is gone. While it runs, NIGHTCRIER_HEARTBEAT_FILE is kept young, if set. Exit codes: 0 stopped cleanly, 1
 * failed, 78 the configuration is wrong; a second signal exits at once with 1.
 */
export async function runProcess(
  name: ProcessName,
  start: (config: Config, logger: Logger) => Promise<RunningApp>,
): Promise<void> {
  const { values } = parseArgs({ options: { ...CONFIG_OPTIONS, help: { type: 'boolean', short: 'h' } }, strict: true });
  if (values.help) {
    process.stdout.write(`Usage: ${name} --config FILE [--setting VALUE …]\n\n${flagsHelp()}\n`);
    return;
  }
  const load = (): Promise<LoadedConfig> => loadConfig({ flags: flagsFrom(values), environment: process.env });
  let loaded;
  try {
    loaded = await load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 78;
    return;
  }
  const logger = createLogger(name, loaded.config.log_level);
  for (const warning of loaded.warnings) logger.warn({ file: loaded.file, warning }, 'configuration warning');

  const stopping = stopSignal();
  const changes = new ConfigWatcher({ process: name, loaded, load, logger });
  try {
    const app = await Promise.race([start(loaded.config, logger), stopping]);
    if (typeof app === 'string') {
      logger.info({ cause: app }, 'stopped before it had started');
      process.exit(0);
    }
    logger.info({ pid: process.pid, node: process.version }, 'started');
    const heartbeat = process.env.NIGHTCRIER_HEARTBEAT_FILE;
    if (heartbeat) keepHeartbeat(heartbeat, logger);
    process.send?.('ready');
    changes.follow({
      apply: (config) => {
        logger.setLevel(config.log_level);
        app.reloading?.apply(config);
      },
      refuse: (refusal) => app.reloading?.refuse(refusal),
    });
    const cause = await stopping;
    changes.close();
    logger.info({ cause, shutdown_timeout: loaded.config.shutdown_timeout }, 'stopping');
    await app.stop();
    logger.info({}, 'stopped');
    process.exit(0);
  } catch (error) {
    logger.error({ error }, 'failed');
    process.exit(1);
  }
}
