import { randomUUID } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@nightcrier/core/logger';
import { connectProducer, disconnect } from '@nightcrier/state/redis';
import { Queue } from 'bullmq';
import { execa } from 'execa';
import { WatchedIntake } from '../test/fixtures/watched-intake.ts';
import type { Bench } from './run.ts';

const FAULTS = 200;
const AGENT = path.join(import.meta.dirname, '../apps/triage-worker/test/fixtures/agents/notes-start.sh');
const PROMPT = path.join(import.meta.dirname, '../configs/triage-system-prompt.md');
const BARE_WORKER = path.join(import.meta.dirname, '../test/fixtures/bare-worker.ts');

export const bench: Bench = {
  description: "Notification sent → agent process started, idle system, across processes, against BullMQ's add → start",
  async measure(progress) {
    const intake = await WatchedIntake.start({
      settings: { agent_cli: 'claude', agent_script_path: AGENT, agent_system_prompt_file: PROMPT },
    });
    try {
      await intake.startIngester();
      await intake.startWorker();
      const bare = await bareLatencies(intake.redisUrl);
      progress('bare BullMQ measured');
      const ours: number[] = [];
      for (let fault = 0; fault < FAULTS; fault += 1) {
        const sent = now();
        intake.emit(1);
        ours.push((await nextStart(intake, fault)) - sent);
        await sleep(Math.random() * 20);
      }
      const [p50, bareP50] = [quantile(ours, 0.5), quantile(bare, 0.5)];
      return {
        p50_ms: round(p50),
        p99_ms: round(quantile(ours, 0.99)),
        bare_p50_ms: round(bareP50),
        bare_p99_ms: round(quantile(bare, 0.99)),
        ratio_to_bare_p50: round(p50 / bareP50),
      };
    } finally {
      await intake.dispose();
    }
  },
};

/** Waits until one more agent has noted its start, in ms since the epoch. */
async function nextStart(intake: WatchedIntake, known: number): Promise<number> {
  for (;;) {
    const starts: number[] = [];
    for await (const file of glob(path.join(intake.folder, 'incidents/*/started')))
      starts.push(Number(await readFile(file, 'utf8')) * 1_000);
    if (starts.length > known) return Math.max(...starts);
    await sleep(20);
  }
}

async function bareLatencies(url: string): Promise<number[]> {
  const name = `bare-${randomUUID()}`;
  const redis = connectProducer({ url, key_prefix: 'bare' }, silentLogger);
  const queue = new Queue(name, { connection: redis });
  await queue.waitUntilReady();
  const worker = execa(process.execPath, [BARE_WORKER, url, name], { ipc: true, reject: false });
  await worker.getOneMessage();
  const latencies: number[] = [];
  for (let job = 0; job < FAULTS; job += 1) {
    const started = worker.getOneMessage();
    const sent = now();
    await queue.add('triage', { context: 'x'.repeat(1_250) }, { jobId: `job-${job}`, priority: 1 });
    const message = await started;
    if (typeof message === 'object' && message && 'began' in message) latencies.push(Number(message.began) - sent);
    await sleep(Math.random() * 20);
  }
  worker.kill();
  await worker;
  await queue.close();
  await disconnect(redis);
  return latencies;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function quantile(values: number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * q)] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
