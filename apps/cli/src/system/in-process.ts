import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import type { Part, PartName } from './part.ts';

/** An app in this process: it can be stopped while it starts, and follows the configuration afterwards. */
interface App {
  start(): Promise<unknown>;
  stop(): Promise<void>;
  readonly reloading?: Reloading | undefined;
}

/** Loads the code of an app only when it is to be started. */
const APPS: Record<PartName, (config: Config, logger: Logger) => Promise<App>> = {
  ingester: async (config, logger) => {
    const { Ingester } = await import('@nightcrier/ingester/app');
    return new Ingester(config, logger);
  },
  'triage-worker': async (config, logger) => {
    const { TriageWorkerApp } = await import('@nightcrier/triage-worker/app');
    return new TriageWorkerApp({ config, logger, environment: process.env });
  },
  gateway: async (config, logger) => {
    const { GatewayApp } = await import('@nightcrier/gateway/app');
    return new GatewayApp({ config, logger });
  },
  api: async (config, logger) => {
    const { startConfiguredApi } = await import('@nightcrier/api/configured-api');
    let running: ReturnType<typeof startConfiguredApi> | undefined;
    let reloading: Reloading | undefined;
    return {
      start: async () => {
        running ??= startConfiguredApi(config, logger);
        ({ reloading } = await running);
      },
      // A start that fails leaves nothing running.
      stop: async () => (await running?.catch(() => undefined))?.stop(),
      get reloading() {
        return reloading;
      },
    };
  },
};

/** Starts a part in this process. Its log lines carry its name as `process`, as those of a process of its own do. */
export function startInProcess(name: PartName, config: Config, shared: Logger): Part {
  let stopped = false;
  const logger = shared.child({ process: name });
  const loading = APPS[name](config, logger);
  let app: App | undefined;
  const started = (async () => {
    app = await loading;
    if (stopped) throw new Error(`${name} was stopped before its start`);
    await app.start();
  })();
  started.catch(() => undefined); // Who waits for it gets the error; a stop does not.
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    // An app that is stopped while it starts does not finish its start: it may wait for Redis.
    await (await loading).stop();
    logger.info({}, 'part stopped');
  };
  return {
    name,
    started,
    stop: () => {
      stopped = true;
      stopping ??= stop();
      return stopping;
    },
    apply: (config) => app?.reloading?.apply(config),
    refuse: (refusal) => app?.reloading?.refuse(refusal),
  };
}
