import { EngineClient } from '../../apps/triage-worker/src/agent/run/engine/engine-client.ts';
import { engineEndpoint } from '../../apps/triage-worker/src/agent/run/engine/engine-endpoint.ts';
import { prestartedLabels } from '../../apps/triage-worker/src/agent/run/docker/container-labels.ts';
import { containerSpec } from '../../apps/triage-worker/src/agent/run/docker/container-spec.ts';
import { followStreams } from '../../apps/triage-worker/src/agent/run/docker/follow-streams.ts';
import { runRequest } from '../../apps/triage-worker/src/agent/run/run-request.ts';
import { Settings } from '@nightcrier/core/settings/config';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildObedientAgent, writesReport } from '../../test/fixtures/obedient-agent.ts';
import { untilPrestarted } from '../../test/fixtures/sandboxed-agents.ts';
import { WatchedIntake } from '../../test/fixtures/watched-intake.ts';
import { z } from 'zod';
import type { Bench } from '../run.ts';
import { quantile, round } from '../figures.ts';

const FAULTS = 60;
/** The first incident loads code, opens connections and checks permissions; the next ones warm the code up. */
const WARM_UP = 5;
/** Upper limit of the median time to create an empty file on an idle system, and how long to wait for it. */
const QUICK_FILE_MS = 0.05;
const FILE_PATIENCE_MS = 180_000;
const PATIENCE_MS = 30_000;
/** The agent prints when it starts; its evidence is there by then, or it fails. */
const BEHAVIOUR = `echo "$EPOCHREALTIME"; test -s evidence/index.json || exit 9\n${writesReport()}`;

/** Of the bare container: it needs no inputs. */
const FIRST_INSTRUCTION = ['/bin/bash', '-c', 'echo "$EPOCHREALTIME"'];

export const bench: Bench = {
  description:
    "Notification sent → the agent runs in its container and has its evidence, idle system with its prestarted container, minus the bare engine's creation and start of the same container, without inputs",
  async measure(progress) {
    const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-bench-'));
    const image = await buildObedientAgent();
    const prompt = path.join(folder, 'prompt.md');
    await writeFile(prompt, BEHAVIOUR);
    const agent = {
      agent_cli: 'claude',
      agent_image: image,
      agent_network: 'none',
      // The stand-in agent needs neither cluster nor model.
      kube_access: 'direct',
      llm_access: 'direct',
      agent_memory: '256m',
      agent_system_prompt_file: prompt,
      anthropic_api_key: 'not-needed',
    } as const;
    const intake = await WatchedIntake.start({ settings: { ...agent, log_level: 'debug', agent_fallback: [] } });
    const engine = new EngineClient(engineEndpoint('docker', process.env));
    try {
      await untilFilesAreQuick(intake.folder, progress);
      await intake.startIngester();
      const log = await intake.startWorker();
      await untilPrestarted(await intake.instance());
      const ours: number[] = [];
      const sentAt: number[] = [];
      const bare: number[] = [];
      // Alternating, so that both see the same machine.
      for (let fault = 0; fault < WARM_UP + FAULTS; fault += 1) {
        const sent = now();
        intake.emit(1);
        const started = await agentStart(path.join(intake.folder, 'incidents'), fault);
        while ((await intake.books()).total.finished <= fault) await sleep(5);
        // The worker starts its next container, which must not share the machine with the bare one.
        await untilPrestarted(await intake.instance());
        await sleep(200);
        const alone = await bareStart(engine, Settings.parse(agent), folder, fault);
        if (fault < WARM_UP) continue;
        ours.push(started - sent);
        sentAt.push(sent);
        bare.push(alone);
        if (fault % 20 === 0) progress(`${fault} of ${WARM_UP + FAULTS} faults`);
      }
      const bareP50 = quantile(bare, 0.5);
      return {
        p50_ms: round(quantile(ours, 0.5) - bareP50),
        p99_ms: round(quantile(ours, 0.99) - bareP50),
        whole_p50_ms: round(quantile(ours, 0.5)),
        whole_p99_ms: round(quantile(ours, 0.99)),
        bare_p50_ms: round(bareP50),
        bare_p99_ms: round(quantile(bare, 0.99)),
        stages_p50_ms: stages(log(), sentAt),
      };
    } finally {
      await intake.dispose();
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Waits for the next agent and returns when it started, ms since the epoch, as it printed it. */
async function agentStart(workspaces: string, known: number): Promise<number> {
  const end = now() + PATIENCE_MS;
  while (now() < end) {
    const names = (await readdir(workspaces).catch(() => [])).filter((name) => !name.startsWith('.'));
    if (names.length > known) {
      const logs = await Promise.all(
        names.map((name) => readFile(path.join(workspaces, name, 'logs/agent-stdout.log'), 'utf8').catch(() => '')),
      );
      if (logs.every((text) => text.includes('\n')))
        return Math.max(...logs.map((text) => Number(text.split('\n')[0]) * 1000));
    }
    await sleep(5);
  }
  throw new Error('no agent started');
}

/** Creates and starts the same container with nothing else around it; returns the ms until its first instruction. */
async function bareStart(engine: EngineClient, config: Settings, folder: string, run: number): Promise<number> {
  const attempt = { incidentId: `bench-bare-${process.pid}-${run}`, attempt: 1, clusterName: 'bench' };
  const request = runRequest(
    attempt,
    { config, workerId: 'bench', instance: 'bench' },
    { variables: {}, isolated: false },
  );
  const begun = now();
  const id = await engine.create(`nc-${attempt.incidentId}`, {
    ...containerSpec(request, prestartedLabels(request, 'bench'), { wait: 0 }),
    Cmd: FIRST_INSTRUCTION,
  });
  try {
    await engine.start(id);
    await followStreams(await engine.followLogs(id), folder);
    const [started = ''] = (await readFile(path.join(folder, 'agent-stdout.log'), 'utf8')).split('\n');
    return Number(started) * 1000 - begun;
  } finally {
    await engine.remove(id);
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

/**
 * Returns the median duration of each stage as logged by the worker; several run at once. `queue` is the time from the notification to the
 * worker, and `all` that from there to the container that runs and has its inputs.
 */
function stages(log: string, sentAt: readonly number[]): Record<string, number> {
  const logged = log.split('\n').flatMap((line) => {
    const found = line.includes('"container_inputs"') ? WorkerLine.safeParse(JSON.parse(line)) : undefined;
    return found?.success ? [found.data] : [];
  });
  const runs = logged.slice(-sentAt.length).map(({ time, stages_ms }, at) => {
    const claimed = Date.parse(time) - (stages_ms.all ?? 0);
    return { queue: claimed - (sentAt[at] ?? claimed), ...stages_ms };
  });
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const durations = runs.map((run: Record<string, number>) => run[name] ?? 0);
      return [name, round(quantile(durations, 0.5))];
    }),
  );
}

const WorkerLine = z.object({ time: z.string(), stages_ms: z.record(z.string(), z.number()) });

function now(): number {
  return performance.timeOrigin + performance.now();
}
