import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSystem } from './chaos-system.ts';
import type { SentFault } from './ledger.ts';
import { PLANTED } from './secrets.ts';

/** Faults of each cluster per second. */
const RATE = 2;
/** Containers take longer. */
const RATE_OF_CONTAINERS = 0.3;
/** While the clusters are awaited at the end, for as long as that takes. */
const LAST_RATE = 0.5;

/** Sends faults that differ, each for a workload of its own, at random intervals. */
export async function emitFaults(
  system: ChaosSystem,
  random: () => number,
  { sent, now, until }: { sent: SentFault[]; now: () => number; until: number },
  signal: AbortSignal,
): Promise<void> {
  const clusters = [...system.clusters];
  while (!signal.aborted) {
    const usual = system.engine ? RATE_OF_CONTAINERS : RATE;
    const rate = now() < until ? usual : Math.min(usual, LAST_RATE);
    await sleep((random() * 2_000) / rate / clusters.length, undefined, { signal }).catch(() => undefined);
    const [name, cluster] = clusters[Math.floor(random() * clusters.length)] ?? [];
    if (!name || !cluster) return;
    const id = `fault-${sent.length}`;
    const uid = randomUUID();
    const resource = { apiVersion: 'v1', kind: 'Pod', name: `cart-${sent.length}`, namespace: 'shop', uid };
    const severity = random() < 0.3 ? 'critical' : 'warning';
    const timestamp = new Date().toISOString();
    const at = now();
    const fault = {
      faultId: id,
      faultType: 'CrashLoop',
      severity,
      resource,
      context: `fault ${id}: login failed, password=${PLANTED.fault}`,
      timestamp,
    };
    if (cluster.emitFault(fault) > 0) sent.push({ id, cluster: name, at });
  }
}
