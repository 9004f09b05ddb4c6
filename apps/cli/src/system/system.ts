import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import type { Reloading } from '@nightcrier/runtime/configuration/config-watcher';
import { Lifecycle } from '@nightcrier/runtime/process/lifecycle';
import path from 'node:path';
import { startEmbeddedRedis } from '../embedded-redis/embedded-redis.ts';
import { startChildPart } from './child-part.ts';
import type { ChildOptions } from './child-process.ts';
import { startInProcess } from './in-process.ts';
import { assertMetricsPorts, metricsFlags } from './metrics-ports.ts';
import { type Part, partsOf } from './part.ts';

export interface SystemOptions {
  config: Config;
  /** Set: each part is a process of its own. */
  processes?: {
    /** Flags for every process, such as `--config FILE`. */
    arguments: string[];
    onLine: ChildOptions['onLine'];
  };
  /** Each part adds its name as `process`. */
  logger: Logger;
}

/** Ingester, triage worker, API, a gateway if an AI agent is configured, and the Redis that was started for them. */
export interface System {
  /** Resolves when all parts run. Rejects if one cannot start. */
  started: Promise<void>;
  /** Resolves when Redis or a process has ended by itself, with a description of how. */
  broken: Promise<string>;
  /** Applies a changed configuration to the parts in this process. */
  reloading: Reloading;
  /** Passes a signal on to the parts that are processes of their own. */
  signal(signal: NodeJS.Signals): void;
  /** Stops everything, at any time. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts the parts, at once and independently: an ingester watches while a worker waits for Redis. A Redis for them is started
 * first where none is configured.
 */
export function startSystem({ config, processes, logger: shared }: SystemOptions): System {
  const logger = shared.child({ process: 'up' });
  const names = partsOf(config);
  // Each part stops within its own shutdown_timeout; the sum bounds them all.
  const lifecycle = new Lifecycle(logger, config.shutdown_timeout * (names.length + 1));
  const broken = Promise.withResolvers<string>();
  const aborting = new AbortController();
  const parts: Part[] = [];
  let redisUrl = config.redis.url;
  const watch = (name: string, ended: Promise<string> | undefined): void => {
    void ended?.then((how) => broken.resolve(`${name} ended: ${how}`));
  };
  const startPart = (name: Part['name'], running: Config): Part =>
    processes
      ? startChildPart(name, {
          ...processes,
          arguments: [...processes.arguments, ...metricsFlags(name, names, running.metrics.port)],
          redisUrl: running.redis.url,
          shutdownTimeout: running.shutdown_timeout,
        })
      : startInProcess(name, running, shared);

  const start = async (): Promise<void> => {
    if (processes) assertMetricsPorts(names, config.metrics.port);
    if (!namesRedis(config.redis)) {
      const dataDir = path.join(config.data_dir, 'redis');
      const redis = await startEmbeddedRedis({ dataDir, logger, signal: aborting.signal });
      lifecycle.onStop('redis', () => redis.stop());
      watch('redis', redis.ended);
      redisUrl = redis.url;
    }
    if (aborting.signal.aborted) return;
    const running = withRedis(config, redisUrl);
    // They stop in the reverse order.
    for (const name of names.toReversed()) {
      const part = startPart(name, running);
      parts.push(part);
      lifecycle.onStop(name, () => part.stop());
      // One that does not start is the failure of the start.
      void part.started.then(
        () => watch(name, part.ended),
        () => undefined,
      );
    }
    await Promise.all(parts.map((part) => part.started));
  };
  const started = start();
  started.catch(() => undefined); // Who waits for it gets the error; a stop does not.
  return {
    started,
    broken: broken.promise,
    reloading: {
      apply: (changed) => parts.forEach((part) => part.apply?.(withRedis(changed, redisUrl))),
      refuse: (refusal) => parts.forEach((part) => part.refuse?.(refusal)),
    },
    signal: (signal) => parts.forEach((part) => part.signal?.(signal)),
    stop: async () => {
      aborting.abort(new Error('stopped'));
      // While Redis starts there is nothing to stop yet; the abort ends its start.
      if (parts.length === 0) await started.catch(() => undefined);
      await lifecycle.stop();
    },
  };
}

function withRedis(config: Config, url: string | undefined): Config {
  return { ...config, redis: { ...config.redis, url } };
}
