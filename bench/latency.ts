import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@nightcrier/core/logger';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { Queue } from 'bullmq';
import { execa } from 'execa';
import getPort from 'get-port';
import { WatchedIntake } from '../test/fixtures/watched-intake.ts';
import { z } from 'zod';
import type { Bench } from './run.ts';

const FAULTS = 500;
/** The first incident loads code, opens connections and checks permissions; the next ones warm the code up. */
const WARM_UP = 20;
/** Upper limit of the median time to create an empty file on an idle system, and how long to wait for it. */
const QUICK_FILE_MS = 0.05;
const FILE_PATIENCE_MS = 180_000;
const FLAGS = path.join(import.meta.dirname, '../apps/triage-worker/test/fixtures/agents/flags.sh');
const PROMPT = path.join(import.meta.dirname, '../configs/triage-system-prompt.md');
const BARE_WORKER = path.join(import.meta.dirname, '../test/fixtures/bare-worker.ts');

export const bench: Bench = {
  description:
    "Notification sent → agent process runs and has its evidence, idle system, across processes, against BullMQ's add → start",
  async measure(progress) {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
    const agent = await AgentThatTells.make(folder);
    const intake = await WatchedIntake.start({
      settings: {
        agent_cli: 'claude',
        agent_script_path: agent.script,
        agent_system_prompt_file: PROMPT,
        log_level: 'debug',
      },
    });
    try {
      await untilFilesAreQuick(intake.folder, progress);
      await intake.startIngester();
      const log = await intake.startWorker();
      const bare = await bareLatencies(intake.redisUrl);
      progress('bare BullMQ measured');
      const all: number[] = [];
      for (let fault = 0; fault < WARM_UP + FAULTS; fault += 1) {
        const sent = now();
        intake.emit(1);
        all.push((await agent.started()) - sent);
        // Wait until the system is idle.
        while ((await intake.books()).total.finished <= fault) await sleep(5);
        await sleep(Math.random() * 20);
      }
      const ours = all.slice(WARM_UP);
      const [p50, bareP50] = [quantile(ours, 0.5), quantile(bare, 0.5)];
      return {
        p50_ms: round(p50),
        p99_ms: round(quantile(ours, 0.99)),
        first_ms: round(all[0] ?? 0),
        bare_p50_ms: round(bareP50),
        bare_p99_ms: round(quantile(bare, 0.99)),
        ratio_to_bare_p50: round(p50 / bareP50),
        stages_p50_ms: stages(log()),
      };
    } finally {
      await intake.dispose();
      agent.dispose();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** A test agent that reports its start over a connection, so that nothing has to poll for it. */
class AgentThatTells {
  readonly script: string;
  readonly #server: Server;

  private constructor(script: string, server: Server) {
    this.script = script;
    this.#server = server;
  }

  static async make(folder: string): Promise<AgentThatTells> {
    const server = createServer((socket) => {
      socket.on('data', (text) => server.emit('started', Number(text) * 1_000));
    });
    const port = await getPort();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const script = path.join(folder, 'agent.sh');
    const tell = `echo "$EPOCHREALTIME" >/dev/tcp/127.0.0.1/${port}`;
    await writeFile(script, ['#!/usr/bin/env bash', `. '${FLAGS}'`, tell, 'write_report', ''].join('\n'), {
      mode: 0o755,
    });
    return new AgentThatTells(script, server);
  }

  /** Resolves with the start of the next agent, ms since the epoch. */
  async started(): Promise<number> {
    const [began]: unknown[] = await once(this.#server, 'started', { signal: AbortSignal.timeout(30_000) });
    return Number(began);
  }

  dispose(): void {
    this.#server.close();
  }
}

/**
 * Waits until files are created quickly. ext4 without a journal, common on small virtual machines, holds the inodes of recently deleted
 * files; while there are many, creating a file takes ten times as long.
 */
async function untilFilesAreQuick(folder: string, progress: (text: string) => void): Promise<void> {
  const probes = await mkdtemp(path.join(folder, 'probes-'));
  const end = now() + FILE_PATIENCE_MS;
  for (let round = 0; now() < end; round += 1) {
    const times = Array.from({ length: 20 }, (_, at) => {
      const began = now();
      writeFileSync(path.join(probes, `${round}-${at}`), '');
      return now() - began;
    });
    if (quantile(times, 0.5) < QUICK_FILE_MS) return;
    if (round === 0) progress('creating files is slow, as after many deletions; waiting');
    await sleep(5_000);
  }
  progress('creating files is still slow; the figures include that');
}

/** Returns the median duration of each stage as logged by the worker. */
function stages(log: string): Record<string, number> {
  const runs = log.split('\n').flatMap((line) => {
    const found = line.includes('"stages_ms"') ? WorkerLine.safeParse(JSON.parse(line)) : undefined;
    return found?.success ? [found.data.stages_ms] : [];
  });
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [
      name,
      quantile(
        runs.map((run) => run[name] ?? 0),
        0.5,
      ),
    ]),
  );
}

const WorkerLine = z.object({ stages_ms: z.record(z.string(), z.number()) });

async function bareLatencies(url: string): Promise<number[]> {
  const name = `bare-${randomUUID()}`;
  const redis = connectProducer({ url, key_prefix: 'bare' }, silentLogger);
  const queue = new Queue(name, { connection: redis });
  await queue.waitUntilReady();
  const worker = execa(process.execPath, [BARE_WORKER, url, name], { ipc: true, reject: false });
  await worker.getOneMessage();
  const latencies: number[] = [];
  for (let job = 0; job < WARM_UP + FAULTS; job += 1) {
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
  return latencies.slice(WARM_UP);
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
