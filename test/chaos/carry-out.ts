import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSystem } from './chaos-system.ts';
import type { Action } from './schedule.ts';

/** Does to the system what an action says, and undoes it after the duration of the action. */
export async function carryOut(system: ChaosSystem, { kind, target, duration }: Action): Promise<void> {
  const running = system.processes.get(target);
  const proxy = system.proxies.get(target);
  const cluster = system.clusters.get(target);
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
    case 'kill redis':
    case 'truncate redis':
      await system.killRedis(kind === 'truncate redis');
      await sleep(duration);
      await system.startRedis();
      return;
    case 'pause redis':
      system.signalRedis('SIGSTOP');
      await sleep(duration);
      system.signalRedis('SIGCONT');
      return;
    case 'cut redis':
    case 'cut mcp':
      proxy?.cut();
      return;
    case 'drop redis':
    case 'half-open mcp':
      proxy?.swallow();
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
