import { ConfigWatcher, type ConfigWatcherOptions } from '@nightcrier/runtime/configuration/config-watcher';
import { loadStartConfig, reloadConfig } from '@nightcrier/runtime/reload/reload-config';
import { EXIT_CODES, lastWords } from '@nightcrier/runtime/exit-code';
import { exitOnCrash } from '@nightcrier/runtime/process/exit-on-crash';
import { allowHeapGrowth } from '@nightcrier/runtime/process/heap-growth';
import { keepHeartbeat } from '@nightcrier/runtime/process/heartbeat';
import { logStrayOutput } from '@nightcrier/runtime/process/log-stray-output';
import { createLogger, type RootLogger } from '@nightcrier/runtime/process/logger';
import { stopSignal } from '@nightcrier/runtime/process/stop-signal';
import { exportTraces } from '@nightcrier/runtime/tracing/export-traces';
import { printLogLines } from '../system/log-lines.ts';
import { startSystem, type System } from '../system/system.ts';

export interface UpOptions {
  flags: Record<string, string>;
  /** Runs each part as a process of its own. */
  processes: boolean;
}

/**
 * `nightcrier up`: runs all parts on this machine until SIGTERM or SIGINT, which it takes at any time, or until a process
 * that it started ends.
 * @returns the exit code
 */
export async function up({ flags, processes }: UpOptions): Promise<number> {
  const sources = { flags, environment: process.env };
  const loaded = await loadStartConfig(sources);
  const { config, file, warnings } = loaded;
  const root = createLogger(undefined, config.log_level);
  const logger = root.child({ process: 'up' });
  exitOnCrash(logger);
  logStrayOutput(logger);
  for (const warning of warnings) logger.warn({ file, warning }, 'configuration warning');
  const stopping = stopSignal((signal) => logger.warn({ signal }, 'second signal received; process exits at once'));
  // Processes of their own export their own.
  const traces = processes ? undefined : await exportTraces('nightcrier', process.env, logger);
  const children = {
    arguments: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
    onLine: printLogLines(process.stderr),
  };
  const system = startSystem({ config, logger: root, ...(processes && { processes: children }) });
  const heartbeat = process.env.NIGHTCRIER_HEARTBEAT_FILE;
  if (heartbeat !== undefined && heartbeat !== '') keepHeartbeat(heartbeat, logger);
  const unfollow = processes
    ? passOnReload(system)
    : followConfiguration(system, { loaded, load: () => reloadConfig(sources, file), logger }, root);
  const runs = async (): Promise<void> => {
    await system.started;
    allowHeapGrowth();
    const fields = { api: `http://${config.api.host}:${config.api.port}`, clusters: config.clusters.length };
    logger.info({ ...fields, pid: process.pid, node: process.version }, 'system started');
  };
  const ending = Promise.race([stopping, system.broken]);
  const end = await Promise.race([ending, runs().then(() => ending)]).then(
    (cause) => ({ exit_code: isStop(cause) ? EXIT_CODES.ok : EXIT_CODES.failed, cause }),
    lastWords,
  );
  logger.info({ cause: end.cause }, 'system stopping');
  unfollow();
  await system.stop();
  await traces?.stop();
  // The last line says why, not what its end stopped.
  if (end.exit_code === EXIT_CODES.ok) logger.info(end, 'system stopped');
  else logger.error(end, 'system failed');
  return end.exit_code;
}

function isStop(cause: string): boolean {
  return cause === 'SIGTERM' || cause === 'SIGINT' || cause === 'disconnect';
}

/** Each process reads the changed file itself. */
function passOnReload(system: System): () => void {
  const pass = (): void => system.signal('SIGHUP');
  process.on('SIGHUP', pass);
  return () => void process.off('SIGHUP', pass);
}

function followConfiguration(system: System, sources: ConfigWatcherOptions, root: RootLogger): () => void {
  const changes = new ConfigWatcher(sources);
  changes.follow({
    apply: (changed) => {
      root.setLevel(changed.log_level);
      system.reloading.apply(changed);
    },
    refuse: (refusal) => system.reloading.refuse(refusal),
  });
  return () => changes.close();
}
