import type { ClusterHealth } from '@nightcrier/core/clusters/cluster-health';
import type { State } from '@nightcrier/state/open-state';

/** Between two reports of an ingester about a cluster. */
const REPORT_MS = 5_000;

/** Reports the clusters as an ingester does, until the returned function is called. */
export async function reportClusters(state: State, names: readonly string[]): Promise<() => void> {
  const leases = state.openLeases({ id: 'bench-1' });
  const report = async (): Promise<void> => {
    const { leases: held } = await leases.beat(new Map(names.map((name) => [name, 0])));
    const missing = names.filter((name) => held.get(name)?.owner !== 'bench-1');
    const taken = await leases.take(new Map(missing.map((name) => [name, held.get(name)?.token ?? 0])));
    const at = new Date().toISOString();
    const healths = names.map((name) => ({
      token: taken.get(name) ?? held.get(name)?.token ?? 0,
      health: healthOf(name, at),
    }));
    await state.clusterHealth.publish(leases, healths);
  };
  await report();
  const timer = setInterval(() => {
    report().catch(() => undefined);
  }, REPORT_MS);
  return () => clearInterval(timer);
}

function healthOf(name: string, at: string): ClusterHealth {
  return {
    name,
    status: 'active',
    last_event: at,
    event_count: 12,
    triage_enabled: true,
    mode: 'subscribe',
    last_contact: at,
    blind_seconds: 1.5,
    blind_kinds: [{ kind: 'nodes', reason: 'forbidden', since: at, blind_seconds: 3 }],
  };
}

/** Writes problems that are firing, shared by the clusters. */
export async function writeProblems({ redis, keys }: State, names: readonly string[], count: number): Promise<void> {
  const pipeline = redis.pipeline();
  const now = Date.now();
  for (let number = 0; number < count; number += 1) {
    const [cluster = '', key, at] = [
      names[number % names.length],
      `shop/Deployment/app-${number}`,
      String(now - number),
    ];
    const resource = { apiVersion: 'v1', kind: 'Pod', name: `app-${number}-x`, namespace: 'shop' };
    const symptom = {
      state: 'firing',
      family: 'crash',
      container: 'app',
      workload: { namespace: 'shop', name: `Deployment/app-${number}` },
      fault_type: 'CrashLoop',
      severity: 'warning',
      resource,
      fault_id: `fault-${number}`,
      since: now,
      fired_at: now,
    };
    pipeline.hset(keys.problem(cluster, key), {
      cluster,
      key,
      state: 'firing',
      severity: 'warning',
      since: at,
      changed_at: at,
      'symptom:app/crash': JSON.stringify(symptom),
    });
    pipeline.zadd(keys.problemsIn('firing'), at, `${cluster}|${key}`);
    pipeline.zadd(keys.problemsIn('firing', cluster), at, `${cluster}|${key}`);
  }
  await pipeline.exec();
}
