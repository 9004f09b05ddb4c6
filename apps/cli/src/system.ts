import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import path from 'node:path';
import { type Child, type ChildOptions, startChild } from './child-process.ts';
import { startEmbeddedRedis } from './embedded-redis/embedded-redis.ts';

/** Root folder of the workspace. */
export const INSTALLATION = path.resolve(import.meta.dirname, '../../..');

/** Apps in the order of their start. They stop in reverse order: intake first, health last. */
const PROCESSES = ['api', 'triage-worker', 'ingester'];

export interface SystemOptions {
  config: Config;
  /** Flags for every process, such as `--config FILE`. */
  arguments: string[];
  logger: Logger;
  onLine: ChildOptions['onLine'];
}

export interface System {
  /** Resolves when a process has ended, with a description of how. */
  broken: Promise<string>;
  /** Sends a signal to every process. */
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/** Starts ingester, triage worker and API as processes, and a Redis for them where none is configured. */
export async function startSystem({ config, arguments: flags, logger, onLine }: SystemOptions): Promise<System> {
  // Each child stops within its own shutdown_timeout; the sum bounds them all.
  const lifecycle = new Lifecycle(logger, config.shutdown_timeout * (PROCESSES.length + 1));
  const endings: Promise<string>[] = [];
  const children: Child[] = [];
  const watch = (name: string, ended: Promise<string>): void => {
    endings.push(ended.then((how) => `${name} ended: ${how}`));
  };
  try {
    let redisUrl = config.redis.url;
    if (!namesRedis(config.redis)) {
      const redis = await startEmbeddedRedis({ dataDir: path.join(config.data_dir, 'redis'), logger });
      lifecycle.onStop('redis', () => redis.stop());
      watch('redis', redis.ended);
      logger.info({ kind: redis.kind, durable: redis.durable }, 'embedded Redis started; redis.url is not set');
      redisUrl = redis.url;
    }
    for (const name of PROCESSES) {
      const child = await startChild({
        name,
        script: path.join(INSTALLATION, 'apps', name, 'src/main.ts'),
        arguments: flags,
        environment: { ...(redisUrl !== undefined && { NIGHTCRIER_REDIS_URL: redisUrl }), NIGHTCRIER_SUPERVISED: '1' },
        onLine,
      });
      children.push(child);
      lifecycle.onStop(name, () => child.stop(config.shutdown_timeout));
      watch(name, child.ended);
    }
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
  return {
    broken: Promise.race(endings),
    signal: (signal) => {
      for (const child of children) child.signal(signal);
    },
    stop: () => lifecycle.stop(),
  };
}
