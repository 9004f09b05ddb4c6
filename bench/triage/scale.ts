import { DEFAULT_LOCK } from '../../apps/triage-worker/src/queue/triage-worker.ts';
import { WORKER_SILENT_MS } from '../../apps/triage-worker/src/queue/worker-share.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../run.ts';
import { round } from '../figures.ts';

const WORKERS = [1, 2, 5];
/** `max_concurrent_agents` per worker: few, because agents, clusters and Redis share this machine. */
const AGENTS_PER_WORKER = 2;
/** Duration of `slow-report.sh`, seconds. */
const AGENT_SECONDS = 2;
/** Incidents per concurrent agent. */
const ROUNDS = 10;

export const bench: Bench = {
  description: '1, 2 and 5 worker processes, 2 agents for each that take 2 s: incidents per minute, against ideal',
  async measure(progress) {
    const figures: Record<string, number> = {};
    for (const workers of WORKERS) {
      const { perMinute, busiestShare } = await throughput(workers);
      const ideal = (workers * AGENTS_PER_WORKER * 60) / AGENT_SECONDS;
      figures[`incidents_per_minute_at_${workers}`] = Math.round(perMinute);
      figures[`ideal_at_${workers}`] = ideal;
      figures[`ratio_at_${workers}`] = round(perMinute / ideal);
      figures[`busiest_worker_share_at_${workers}`] = round(busiestShare);
      progress(`${workers}: ${Math.round(perMinute)} of ${ideal} a minute`);
    }
    return figures;
  },
};

/** Sends many incidents at once to warm workers, and measures from the first start to the last report. */
async function throughput(workers: number): Promise<{ perMinute: number; busiestShare: number }> {
  const backend = await TestBackend.start();
  const triage = await TestHarness.open(backend);
  try {
    const concurrent = workers * AGENTS_PER_WORKER;
    const config = triage.config(
      { max_concurrent_agents: concurrent, max_agents_per_cluster: 0 },
      { agent: 'slow-report' },
    );
    await Promise.all(Array.from({ length: workers }, () => triage.startWorkerProcess(config, { lock: DEFAULT_LOCK })));
    // Each worker has its share once it has counted the others.
    await sleep(WORKER_SILENT_MS);
    await investigate(triage, concurrent);
    const incidents = await investigate(triage, concurrent * ROUNDS);
    const begun = Math.min(...incidents.map(({ started_at = '' }) => Date.parse(started_at)));
    const ended = Math.max(...incidents.map(({ finished_at = '' }) => Date.parse(finished_at)));
    const jobs = await Promise.all(incidents.map(({ incident_id }) => triage.queue.getJob(incident_id)));
    const byWorker = [...Map.groupBy(jobs, (job) => job?.processedBy).values()].map((all) => all.length);
    return {
      perMinute: (incidents.length * 60_000) / (ended - begun),
      busiestShare: Math.max(...byWorker) / incidents.length,
    };
  } finally {
    await triage.close();
    await backend.stop();
  }
}

/** Admits a number of incidents at once and waits until all are reported. */
async function investigate(triage: TestHarness, count: number): Promise<Incident[]> {
  const ids = await Promise.all(Array.from({ length: count }, () => triage.admit()));
  for (;;) {
    await sleep(500);
    const incidents = await Promise.all(ids.map((id) => triage.incident(id)));
    if (!incidents.every(({ state }) => isFinal(state))) continue;
    const failed = incidents.filter(({ state }) => state !== 'reported');
    if (failed.length === 0) return incidents;
    throw new Error(`${failed.length} incidents were not reported: ${failed[0]?.reason}`);
  }
}
