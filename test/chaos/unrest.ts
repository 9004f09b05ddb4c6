import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { QUEUE_NAME } from '@nightcrier/state/redis/keys';
import { glob, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSystem } from './chaos-system.ts';

/** Incidents, jobs and slots that are named. */
const NAMED = 5;
/** For Redis and the API to answer. */
const ANSWER_MS = 60_000;

/** Returns what is not at rest, by name: processes, clusters, incidents, jobs, slots of clusters, containers, spools. */
export async function unrestOf(system: ChaosSystem): Promise<string[]> {
  const silence = sleep(ANSWER_MS, ['Redis, the API or the engine does not answer'], { ref: false });
  // What it finds later is not used.
  return Promise.race([readUnrest(system).catch((error: unknown) => [String(error)]), silence]);
}

async function readUnrest(system: ChaosSystem): Promise<string[]> {
  const ended = [...system.processes.values()].filter(({ isRunning }) => !isRunning);
  const reasons = [...ended.map(({ name }) => `${name} does not run`), ...(await unwatchedClusters(system))];
  if ((await system.api('/readyz')) === undefined) reasons.push('/readyz does not answer with 200');
  const open = (await system.incidents()).filter(({ state }) => !isFinal(state));
  if (open.length > NAMED) reasons.push(`${open.length} incidents are open`);
  for (const incident of open.slice(0, NAMED)) reasons.push(await describe(incident, system));
  // If a worker dies between the outcome of an incident and the end of its job, job and slot last as long as their lock.
  reasons.push(...(await heldIn(system)));
  const workers = [...system.processes.keys()].filter((name) => name.startsWith('worker'));
  reasons.push(...((await system.engine?.unrest(workers.length)) ?? []));
  for await (const file of glob(path.join(system.folder, '*/data/spool/*/*.ndjson'))) {
    if ((await stat(file).catch(() => undefined))?.size)
      reasons.push(`the spool ${path.relative(system.folder, file)} is not empty`);
  }
  return reasons;
}

/** Returns which clusters are not watched. */
export async function unwatchedClusters(system: ChaosSystem): Promise<string[]> {
  const text = await system.api('/health/clusters');
  if (text === undefined) return ['/health/clusters does not answer with 200'];
  const { clusters }: { clusters: { name: string; status: string }[] } = JSON.parse(text);
  return [...system.clusters.keys()].flatMap((name) => {
    const status = clusters.find((cluster) => cluster.name === name)?.status ?? 'missing';
    return status === 'active' ? [] : [`the cluster ${name} is ${status}`];
  });
}

/** Returns which jobs and slots of clusters are in use. */
export async function heldIn({ state, clusters }: ChaosSystem): Promise<string[]> {
  const { redis, keys } = state;
  const found: string[] = [];
  for (const cluster of clusters.keys()) {
    for (const id of await redis.zrangebyscore(keys.slots(cluster), Date.now(), '+inf'))
      found.push(`a slot of ${cluster} is held for ${id}`);
  }
  for (const list of ['active', 'wait']) {
    const jobs = await redis.lrange(`${keys.bullmq}:${QUEUE_NAME}:${list}`, 0, NAMED);
    found.push(...jobs.map((id) => `the job ${id} is in "${list}"`));
  }
  return found;
}

/** Says of an open incident where its job is, and which worker has it. */
async function describe(
  { incident_id: id, state: inState, reason }: Incident,
  { state }: ChaosSystem,
): Promise<string> {
  const { redis, keys } = state;
  const key = (name: string): string => `${keys.bullmq}:${QUEUE_NAME}:${name}`;
  const [job, lock, ...scores] = await Promise.all([
    redis.exists(key(id)),
    redis.get(key(`${id}:lock`)),
    ...['prioritized', 'delayed', 'completed', 'failed'].map(async (set) => redis.zscore(key(set), id)),
  ]);
  const sets = ['prioritized', 'delayed', 'completed', 'failed'].filter((_, at) => scores[at] !== null);
  const place = job === 0 ? 'without a job' : `its job is ${sets.join(' and ') || 'active or waiting'}`;
  return `the incident ${id} is ${inState}${reason === undefined ? '' : ` (${reason})`}, ${place}${lock === null ? '' : `, locked by ${lock}`}`;
}
