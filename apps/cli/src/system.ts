import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import path from 'node:path';
import { type ChildOptions, startChild } from './child-process.ts';
import { startEmbeddedRedis } from './embedded-redis/embedded-redis.ts';

/** The root of the workspace, where the apps are. */
export const INSTALLATION = path.resolve(import.meta.dirname, '../../..');

/** In the order of their start; they are stopped in reverse, so that intake stops first and health last. */
const PROCESSES = ['api', 'triage-worker', 'ingester'];

export interface SystemOptions {
  config: Config;
  /** Flags for every process, such as `--config FILE`. */
  arguments: string[];
  logger: Logger;
  onLine: ChildOptions['onLine'];
}

export interface System {
  /** Settles when one of the processes ends that nobody asked to: what happened. */
  broken: Promise<string>;
  stop(): Promise<void>;
}

/** Starts ingester, triage worker and API as processes, and a Redis for them where none is configured. */
export async function startSystem({ config, arguments: flags, logger, onLine }: SystemOptions): Promise<System> {
  // Each child stops within its own shutdown_timeout; the sum is the bound for all.
  const lifecycle = new Lifecycle(logger, config.shutdown_timeout * (PROCESSES.length + 1));
  const endings: Promise<string>[] = [];
  const watch = (name: string, ended: Promise<string>): void => {
    endings.push(ended.then((how) => `${name} ended: ${how}`));
  };
  try {
    let redisUrl = config.redis.url;
    if (redisUrl === undefined) {
      const redis = await startEmbeddedRedis({ dataDir: path.join(config.data_dir, 'redis'), logger });
      lifecycle.onStop('redis', () => redis.stop());
      watch('redis', redis.ended);
      logger.info({ kind: redis.kind, durable: redis.durable }, 'no redis.url: started an embedded Redis');
      redisUrl = redis.url;
    }
    for (const name of PROCESSES) {
      const child = await startChild({
        name,
        script: path.join(INSTALLATION, 'apps', name, 'src/main.ts'),
        arguments: flags,
        environment: { REDIS_URL: redisUrl },
        onLine,
      });
      lifecycle.onStop(name, () => child.stop(config.shutdown_timeout));
      watch(name, child.ended);
    }
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
  return { broken: Promise.race(endings), stop: () => lifecycle.stop() };
}
