import { execa } from 'execa';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestHarness } from '../apps/triage-worker/test/harness.ts';
import { TestBackend } from '../apps/triage-worker/test/backend.ts';
import { buildObedientAgent, writesReport } from '../test/fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, sandboxed, untilNoContainer } from '../test/fixtures/sandboxed-agents.ts';
import type { Bench } from './run.ts';

const RUNS = 20;

/** Runs a command and prints its start and end in seconds: a shell starts it sooner than a large process does. */
const TIMED = 'begun=$EPOCHREALTIME; "$@" >&2; echo "$begun $EPOCHREALTIME"';

export const bench: Bench = {
  description:
    'Start of an incident → its report is stored, with an agent that reports at once, against a bare `docker run` with the same flags',
  async measure(progress) {
    await buildObedientAgent();
    const backend = await TestBackend.start();
    const own = await TestHarness.open(backend);
    try {
      const bare = await bareRun(own);
      progress('flags recorded');
      const config = await sandboxed(own, writesReport(), { max_agents_per_cluster: 0, agent_fallback: [] });
      // In a process of its own, as in production; this process simulates the cluster.
      const worker = await own.startWorkerProcess(config, { grace: CONTAINER_GRACE });
      const ours: number[] = [];
      const bareTimes: number[] = [];
      // Alternating, so that both see the same machine; the first pair warms the worker's caches up.
      for (let run = 0; run <= RUNS; run += 1) {
        const [our, their] = [await triaged(own), await bare(run)];
        if (run > 0) {
          ours.push(our);
          bareTimes.push(their);
        }
      }
      await worker.kill();
      const [median, bareMedian] = [medianOf(ours), medianOf(bareTimes)];
      return {
        runs: RUNS,
        median_ms: Math.round(median),
        bare_median_ms: Math.round(bareMedian),
        ratio: Math.round((median / bareMedian) * 100) / 100,
      };
    } finally {
      await own.close();
      await backend.stop();
    }
  },
};

/** Returns the milliseconds from the start to the end of one incident, from its row. */
async function triaged(own: TestHarness): Promise<number> {
  const id = await own.admit();
  for (;;) {
    const { state, started_at = '', finished_at = '', reason } = await own.incident(id);
    if (state === 'resolved') {
      await untilNoContainer(id);
      return Date.parse(finished_at) - Date.parse(started_at);
    }
    if (state !== 'queued' && state !== 'investigating') throw new Error(`incident is ${state}: ${reason}`);
    await sleep(50);
  }
}

/**
 * Records the flags of a run with an engine client that only records them. Returns a function that runs a container with the
 * same flags and returns the milliseconds until it is removed.
 */
async function bareRun(own: TestHarness): Promise<(run: number) => Promise<number>> {
  const folder = path.join(own.folder, 'bare');
  await mkdir(path.join(folder, 'bin'), { recursive: true });
  const recorder = `#!/bin/bash\nif [[ $1 == run ]]; then printf '%s\\0' "$@" > ${folder}/flags; cp -R ${folder}/incident/.run-* ${folder}/staged; fi\nexit 1\n`;
  await writeFile(path.join(folder, 'bin/docker'), recorder, { mode: 0o755 });
  const config = await sandboxed(own, writesReport());
  const incident = path.join(folder, 'incident');
  await mkdir(incident);
  await writeFile(path.join(incident, 'incident.json'), '{}');
  await cp(config.agent_system_prompt_file, path.join(incident, 'prompt-sent.md'));
  const flags = ['-w', incident, '--kubeconfig', own.kubeconfig, '--image', config.agent_image];
  flags.push('--network', config.agent_network, '--memory', config.agent_memory);
  await execa(config.agent_script_path, flags, {
    reject: false,
    env: { PATH: `${folder}/bin:${process.env.PATH}`, ANTHROPIC_API_KEY: 'not-needed' },
  });
  const recorded = (await readFile(path.join(folder, 'flags'), 'utf8')).split('\0').slice(1, -1);
  const staging = recorded.join('\n').match(/src=([^,]*\.run-[^/]*)/)?.[1] ?? '';
  await writeFile(path.join(folder, 'staged/secrets/ANTHROPIC_API_KEY'), 'not-needed');
  const words = recorded
    .map((word) => word.replace(staging, path.join(folder, 'staged')))
    .filter((word, at, all) => word !== '--cidfile' && all[at - 1] !== '--cidfile');
  const name = words.indexOf('--name') + 1;
  return async (run) => {
    const command = ['docker', 'run', '--rm', ...words.with(name, `nc-bench-bare-${process.pid}-${run}`)];
    const { stdout } = await execa('bash', ['-c', TIMED, 'bash', ...command]);
    if (!(await readdir(path.join(incident, 'output'))).includes('investigation.md')) throw new Error('no bare report');
    const [begun = 0, ended = 0] = stdout.split(' ').map(Number);
    return (ended - begun) * 1000;
  };
}

function medianOf(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
