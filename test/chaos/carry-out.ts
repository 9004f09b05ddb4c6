import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSystem } from './chaos-system.ts';
import type { Action } from './schedule.ts';

/** Longest time until the kernel finds that a peer of MCP is gone. */
export const KEEP_ALIVE_MS = 25_000;

/** Does to the system what an action says, and undoes it after the duration of the action. */
export async function carryOut(system: ChaosSystem, { kind, target, duration }: Action): Promise<void> {
  const running = system.processes.get(target);
  const proxy = system.proxies.get(target);
  const cluster = system.clusters.get(target);
  const disk = system.disks.get(target.replace('disk of ', ''));
  const { redis } = system;
  switch (kind) {
    case 'kill ingester':
    case 'kill worker':
    case 'kill api':
      await running?.end('SIGKILL');
      await sleep(duration);
      running?.start();
      return;
    case 'stop ingester':
    case 'stop worker':
      await running?.end('SIGTERM');
      await sleep(duration);
      running?.start();
      return;
    case 'pause ingester':
    case 'pause worker':
      running?.signal('SIGSTOP');
      await sleep(duration);
      running?.signal('SIGCONT');
      return;
    case 'restart engine':
    case 'kill engine':
      await system.engine?.stop(kind === 'kill engine' ? 'SIGKILL' : 'SIGTERM');
      await sleep(duration);
      await system.engine?.start();
      return;
    case 'kill redis':
    case 'truncate redis':
      if (redis.kind !== 'single') return;
      await redis.kill(kind === 'truncate redis');
      await sleep(duration);
      await redis.startAgain();
      return;
    case 'pause redis':
      if (redis.kind !== 'single') return;
      redis.signal('SIGSTOP');
      await sleep(duration);
      redis.signal('SIGCONT');
      return;
    case 'promote redis':
      if (redis.kind === 'replicated') await redis.promote();
      return;
    case 'kill redis master':
      if (redis.kind === 'replicated') await redis.killMaster(duration);
      return;
    case 'full disk':
      await disk?.fill();
      await sleep(duration);
      await disk?.free();
      if (target === 'disk of redis' && redis.kind === 'single') await redis.rewrite();
      return;
    case 'unwritable disk':
      await disk?.protect();
      await sleep(duration);
      await disk?.unprotect();
      return;
    case 'cut redis':
    case 'cut mcp':
      proxy?.cut();
      return;
    case 'drop redis':
      proxy?.swallow();
      return;
    case 'half-open mcp':
      proxy?.swallow(KEEP_ALIVE_MS);
      return;
    case 'restart mcp':
      await cluster?.stopMcp();
      await sleep(duration);
      await cluster?.startMcp();
      return;
    case 'cancel subscriptions':
      cluster?.dropMcpSubscriptions();
      return;
    case 'reload':
      await system.writeConfig();
      system.reload();
      return;
    case 'bad reload':
      await system.writeConfig(true);
      system.reload();
      await sleep(duration);
      await system.writeConfig();
      system.reload();
  }
}
