import type { State } from '@nightcrier/state/open-state';
import { allAdoptPrestarted } from '@nightcrier/state/queue/live-workers';
import { IsolationProbe } from '../agent/isolation/isolation-probe.ts';
import { PrestartedAgents } from '../agent/prestarted-agents.ts';
import { DockerRuntime } from '../agent/run/docker/docker-runtime.ts';
import { WORKER_ID, type WorkerSetup } from './worker-setup.ts';

/** What runs agents. */
export interface AgentParts {
  /** Names the installation on containers. */
  instance: string;
  runtime: DockerRuntime;
  isolation: IsolationProbe;
  prestarted: PrestartedAgents;
}

/** Opens the container engine, and starts to prove its isolation and to keep containers ready. */
export function startAgents(setup: WorkerSetup, state: State, instance: string): AgentParts {
  const { config, lifecycle, onReload } = setup;
  const { environment, logger } = setup.options;
  const runtime = new DockerRuntime({ engine: () => config().agent_engine, environment, workerId: WORKER_ID });
  lifecycle.onStop('container engine', () => runtime.close());

  const { gateways, isolation: board } = state;
  const isolation = new IsolationProbe({ config, runtime, gateways, board, workerId: WORKER_ID, instance, logger });
  lifecycle.onStop('isolation probe', () => isolation.stop());
  onReload(() => isolation.wake());
  isolation.start();

  const prestarted = new PrestartedAgents({
    config,
    runtime,
    isolation,
    access: state,
    allAdopt: async () => allAdoptPrestarted(state.redis, state.keys),
    workerId: WORKER_ID,
    instance,
    logger,
  });
  lifecycle.onStop('prestarted agents', () => prestarted.stop());
  onReload(() => prestarted.wake());
  prestarted.start();
  return { instance, runtime, isolation, prestarted };
}
