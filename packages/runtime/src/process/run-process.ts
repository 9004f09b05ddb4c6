import type { Config } from '@nightcrier/core/settings/config';
import type { ProcessName } from '@nightcrier/core/settings/setting-meta';
import type { Logger } from '@nightcrier/core/logger';
import { hideSecrets } from '@nightcrier/core/settings/known-secrets';
import { Command } from 'commander';
import { ConfigError } from '../configuration/config-error.ts';
import { addSettingFlags, settingFlags } from '../configuration/config-flags.ts';
import { ConfigWatcher, type Reloading } from '../configuration/config-watcher.ts';
import { exitCodeOf, lastWords } from '../exit-code.ts';
import { exitOnCrash } from './exit-on-crash.ts';
import { keepHeartbeat } from './heartbeat.ts';
import { loadStartConfig, reloadConfig } from '../reload/reload-config.ts';
import { serveMetrics } from '../metrics/serve-metrics.ts';
import { exportTraces } from '../tracing/export-traces.ts';
import { logStrayOutput } from './log-stray-output.ts';
import { createLogger } from './logger.ts';
import { stopSignal } from './stop-signal.ts';

/** Something that runs until it is stopped. `stop` is idempotent. */
export interface RunningApp {
  stop(): Promise<void>;
  /** Missing: a changed configuration is ignored until a restart. */
  readonly reloading?: Reloading;
}

const DESCRIPTIONS: Record<ProcessName, string> = {
  ingester: 'Watches clusters and admits their faults to the queue.',
  'triage-worker': 'Takes incidents off the queue and has them investigated.',
  gateway: 'Lets agents read their cluster, and nothing else.',
  api: 'Serves health, incidents, metrics and the queue board.',
};

/**
 * Runs an app as the `main` of a process. Reads flags, configuration and environment, starts the app, applies changes of the
 * configuration (on SIGHUP, or when the content of the file changes), and stops the app on SIGTERM, on SIGINT, or when the
 * parent process exits. Writes the heartbeat to NIGHTCRIER_HEARTBEAT_FILE, if set. Exits with one of `EXIT_CODES`; a
 * second signal exits at once with 1.
 */
export async function runProcess(
  name: ProcessName,
  start: (config: Config, logger: Logger) => Promise<RunningApp>,
): Promise<void> {
  const command = addSettingFlags(new Command(name).description(DESCRIPTIONS[name]), name).parse();
  const sources = { flags: settingFlags(command), environment: process.env, process: name };
  let loaded;
  try {
    loaded = await loadStartConfig(sources);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${hideSecrets(error.message)}\n`);
    process.exitCode = exitCodeOf(error);
    return;
  }
  const logger = createLogger(name, loaded.config.log_level);
  exitOnCrash(logger);
  logStrayOutput(logger);
  // `nightcrier up`, which checks the same configuration, has logged the warnings for all of its processes.
  const warned = (process.env.NIGHTCRIER_SUPERVISED ?? '') !== '' ? [] : loaded.warnings;
  for (const warning of warned) logger.warn({ file: loaded.file, warning }, 'configuration warning');

  const stopping = stopSignal((signal) => logger.warn({ signal }, 'second signal received; process exits at once'));
  const traces = await exportTraces(`nightcrier-${name}`, process.env, logger);
  const { file } = loaded;
  const changes = new ConfigWatcher({ process: name, loaded, load: () => reloadConfig(sources, file), logger });
  try {
    const app = await Promise.race([start(loaded.config, logger), stopping]);
    if (typeof app === 'string') {
      logger.info({ cause: app }, 'process stopped during start');
      process.exit(0);
    }
    const { port, host } = loaded.config.metrics;
    const metrics = name === 'api' || port === undefined ? undefined : await serveMetrics({ host, port }, logger);
    logger.info({ pid: process.pid, node: process.version }, 'process started');
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
    logger.info({ cause, shutdown_timeout: loaded.config.shutdown_timeout }, 'process stopping');
    await app.stop();
    await metrics?.stop();
    await traces?.stop();
    logger.info({ cause }, 'process stopped');
    process.exit(0);
  } catch (error) {
    logger.error(lastWords(error), 'process failed');
    process.exit(exitCodeOf(error));
  }
}
