import path from 'node:path';
import { INSTALLATION } from '../installation.ts';
import { type Child, type ChildOptions, startChild } from './child-process.ts';
import type { Part, PartName } from './part.ts';

export interface ChildPartOptions {
  /** Flags for the process, such as `--config FILE`. */
  arguments: string[];
  /** Undefined: the configuration names a Redis without an address, by its sentinels. */
  redisUrl: string | undefined;
  /** Seconds. */
  shutdownTimeout: number;
  onLine: ChildOptions['onLine'];
}

/** Starts a part as a process of its own. */
export function startChildPart(name: PartName, options: ChildPartOptions): Part {
  const child: Child = startChild({
    name,
    script: path.join(INSTALLATION, 'apps', name, 'src/main.ts'),
    arguments: options.arguments,
    environment: {
      ...(options.redisUrl !== undefined && { NIGHTCRIER_REDIS_URL: options.redisUrl }),
      NIGHTCRIER_SUPERVISED: '1',
    },
    onLine: options.onLine,
  });
  return {
    name,
    started: child.ready,
    ended: child.ended,
    stop: () => child.stop(options.shutdownTimeout),
    signal: (signal) => child.signal(signal),
  };
}
