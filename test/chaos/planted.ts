import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ChaosSystem } from './chaos-system.ts';
import { PLANTED } from './secrets.ts';

const ROUTES = [
  '/health/clusters',
  '/metrics',
  '/api/incidents?limit=500',
  '/api/problems',
  '/api/books',
  '/api/queue',
];
/** Files, and which secrets belong there: Redis and the spools hold faults as they were received. */
const FILES = { 'redis/**/*.aof': ['fault'], '*/data/spool/**': ['fault'], 'workspaces/**/*.{md,json,log}': [] };

/** Returns where a planted secret shows: logs, answers of the API, notifications, rows, workspaces, spools, and files of Redis. */
export async function plantedShown(system: ChaosSystem): Promise<string[]> {
  const found = new Set<string>();
  const check = (where: string, text: string | undefined, allowed: readonly string[] = []): void => {
    for (const [name, secret] of Object.entries(PLANTED)) {
      if (!allowed.includes(name) && text?.includes(secret)) found.add(`${where} shows the planted secret "${name}"`);
    }
  };
  for (const { name, log } of system.processes.values()) check(`log of ${name}`, log);
  for (const route of ROUTES) check(route, await system.api(route));
  const { redis, keys } = system.state;
  check('rows', JSON.stringify(await system.incidents()), ['fault']);
  check('health in Redis', JSON.stringify(await redis.hgetall(keys.health)));
  for (const body of system.receiver.bodies) check('notifications', body);
  for (const [pattern, allowed] of Object.entries(FILES)) {
    for await (const file of glob(path.join(system.folder, pattern))) {
      // A file may be removed meanwhile, or be a folder.
      check(pattern, await readFile(file, 'latin1').catch(() => ''), allowed);
    }
  }
  return [...found];
}
