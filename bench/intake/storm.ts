import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@nightcrier/core/logger';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { Queue } from 'bullmq';
import { WatchedIntake } from '../../test/fixtures/watched-intake.ts';
import type { Bench } from '../run.ts';
import { round } from '../figures.ts';

const CLUSTERS = 100;
const FAULTS = 100_000;
const BULK = 200;

export const bench: Bench = {
  description: '100,000 faults from 100 clusters at full speed, against addBulk of the same payload',
  async measure(progress) {
    const intake = await WatchedIntake.start({ clusters: CLUSTERS });
    try {
      const { pid } = await intake.startIngester();
      const idle = await residentMegabytes(pid);
      const begun = performance.now();
      let peak = idle;
      while (intake.sent < FAULTS) {
        intake.emit(1_000);
        await sleep(1);
        peak = Math.max(peak, await residentMegabytes(pid));
      }
      progress(`sent in ${Math.round(performance.now() - begun)} ms`);
      let spooled = 0;
      let { total } = await intake.books();
      while (total.received < FAULTS) {
        await sleep(200);
        ({ total } = await intake.books());
        peak = Math.max(peak, await residentMegabytes(pid));
        spooled = Math.max(spooled, FAULTS - total.received);
      }
      const seconds = (performance.now() - begun) / 1_000;
      progress(`admitted in ${seconds.toFixed(1)} s`);
      const { incidents, doubled, sample, books } = await intake.account();
      const bulkSeconds = await addInBulk(intake.redisUrl, sample);
      return {
        seconds: round(seconds),
        bare_addBulk_seconds: round(bulkSeconds),
        ratio_vs_bare_addBulk: round(bulkSeconds / seconds),
        ingester_rss_mb: { idle, peak },
        most_behind: spooled,
        incidents,
        doubled,
        event_bytes: JSON.stringify(sample).length,
        lost: books.total.lost,
        books_balance: books.balanced,
      };
    } finally {
      await intake.dispose();
    }
  },
};

/** Measures BullMQ alone with the same number of jobs of the same size, already in memory. */
async function addInBulk(url: string, data: unknown): Promise<number> {
  const redis = connectProducer({ url, key_prefix: 'bare' }, silentLogger);
  const queue = new Queue('bare', { connection: redis });
  await queue.waitUntilReady();
  const begun = performance.now();
  for (let from = 0; from < FAULTS; from += BULK) {
    const jobs = Array.from({ length: BULK }, (_, at) => ({
      name: 'triage',
      data,
      opts: { jobId: `fault-${from + at}`, priority: 1 },
    }));
    await queue.addBulk(jobs);
  }
  const seconds = (performance.now() - begun) / 1_000;
  await queue.close();
  await disconnect(redis);
  return seconds;
}

async function residentMegabytes(pid: number): Promise<number> {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1_024);
}
