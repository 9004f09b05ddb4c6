import { execa } from 'execa';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seccompProfile } from '../../apps/triage-worker/src/agent/run/docker/seccomp-profile.ts';
import { TestHarness } from '../../apps/triage-worker/test/harness.ts';
import { TestBackend } from '../../apps/triage-worker/test/backend.ts';
import { buildObedientAgent, writesReport } from '../../test/fixtures/obedient-agent.ts';
import { CONTAINER_GRACE, sandboxed, untilNoContainer, untilPrestarted } from '../../test/fixtures/sandboxed-agents.ts';
import type { Bench } from '../run.ts';
import { quantile, round } from '../figures.ts';

const RUNS = 20;

/** Runs a command and prints its start and end in seconds: a shell starts it sooner than a large process does. */
const TIMED = 'begun=$EPOCHREALTIME; "$@" >&2; echo "$begun $EPOCHREALTIME"';

export const bench: Bench = {
  description:
    'Start of an incident → its report is stored, with an agent that reports at once, against a bare `docker run` of the same container',
  async measure() {
    await buildObedientAgent();
    const backend = await TestBackend.start();
    const own = await TestHarness.open(backend);
    try {
      const bare = await bareRun(own);
      const config = await sandboxed(own, writesReport(), { max_agents_per_cluster: 0, agent_fallback: [] });
      // In a process of its own, as in production; this process simulates the cluster.
      // As by default.
      config.agent_prestarted_containers = 1;
      const worker = await own.startWorkerProcess(config, { grace: CONTAINER_GRACE });
      const ours: number[] = [];
      const bareTimes: number[] = [];
      // Alternating, so that both see the same machine; the first pair warms the worker's caches up.
      for (let run = 0; run <= RUNS; run += 1) {
        await untilPrestarted(await own.instance());
        const our = await triaged(own);
        // The worker starts its next container, which must not share the machine with the bare one.
        await untilPrestarted(await own.instance());
        const their = await bare(run);
        if (run > 0) {
          ours.push(our);
          bareTimes.push(their);
        }
      }
      await worker.kill();
      const [median, bareMedian] = [quantile(ours, 0.5), quantile(bareTimes, 0.5)];
      return {
        runs: RUNS,
        median_ms: Math.round(median),
        bare_median_ms: Math.round(bareMedian),
        ratio: round(median / bareMedian),
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
    if (state === 'reported') {
      await untilNoContainer(id);
      return Date.parse(finished_at) - Date.parse(started_at);
    }
    if (state !== 'queued' && state !== 'investigating') throw new Error(`incident is ${state}: ${reason}`);
    await sleep(50);
  }
}

/**
 * Returns a function that runs the container of an agent with the engine's own client, without collecting its output, and
 * returns the milliseconds until it is removed.
 */
async function bareRun(own: TestHarness): Promise<(run: number) => Promise<number>> {
  const folder = path.join(own.folder, 'bare');
  const config = await sandboxed(own, writesReport());
  await mkdir(path.join(folder, 'output'), { recursive: true });
  await mkdir(path.join(folder, '.kube'));
  await writeFile(path.join(folder, 'incident.json'), '{}');
  await cp(config.agent_system_prompt_file, path.join(folder, 'prompt-sent.md'));
  await cp(own.kubeconfig, path.join(folder, '.kube/config'));
  const profile = path.join(own.folder, 'seccomp.json');
  await writeFile(profile, JSON.stringify(seccompProfile));
  const flags = ['--rm', '--network', config.agent_network, '--read-only', '--user', '1000:1000', '--cap-drop', 'ALL'];
  flags.push('--security-opt', 'no-new-privileges', '--security-opt', `seccomp=${profile}`, '--pids-limit', '512');
  flags.push(
    '--memory',
    config.agent_memory,
    '--memory-swap',
    config.agent_memory,
    '--cpus',
    String(config.agent_cpus),
  );
  flags.push(
    '--tmpfs',
    '/tmp:size=256m,mode=1777',
    '--tmpfs',
    '/home/work:size=256m,uid=1000,gid=1000',
    '--ulimit',
    'core=0',
  );
  flags.push('--mount', `type=bind,src=${folder},dst=/home/agent,readonly`, '--workdir', '/home/agent');
  flags.push('--mount', 'type=tmpfs,dst=/home/agent/output,tmpfs-size=64m,tmpfs-mode=1777', '--env', 'HOME=/home/work');
  flags.push('--env', 'NIGHTCRIER_TIMEOUT=60', config.agent_image, '/opt/nightcrier/start-agent.sh', 'claude');
  return async (run) => {
    const command = ['docker', 'run', '--name', `nc-bench-bare-${process.pid}-${run}`, ...flags];
    const { stdout } = await execa('bash', ['-c', TIMED, 'bash', ...command]);
    const [begun = 0, ended = 0] = stdout.split(' ').map(Number);
    return (ended - begun) * 1000;
  };
}
