import type { State } from '@nightcrier/state/open-state';
import type { TriageQueue } from '@nightcrier/state/queue/triage-queue';
import { workerTokens } from '@nightcrier/state/queue/live-workers';
import { ContainerSweeper } from '../agent/run/container-sweeper.ts';
import { callHeartbeat } from '../problems/call-heartbeat.ts';
import { ProblemSweeper } from '../problems/problem-sweeper.ts';
import { workspaceSweeper } from '../workspace/sweep-workspaces.ts';
import type { AgentParts } from './start-agents.ts';
import type { WorkerSetup } from './worker-setup.ts';

/** Starts to close recovered problems, and to remove expired workspaces and orphaned containers. */
export function startSweepers(setup: WorkerSetup, state: State, queue: TriageQueue, agents: AgentParts): void {
  const { config, lifecycle, onReload } = setup;
  const { logger } = setup.options;
  const { incidents, problems } = state;

  const admission = state.openAdmission(queue, config());
  onReload((changed) => admission.configure(changed));
  const storms = state.openStorms(admission);
  const closing = new ProblemSweeper({ problems, storms, reopenWindow: () => config().reopen_window, logger });
  lifecycle.onStop('problem sweeper', () => closing.stop());
  closing.start();

  const workspaces = workspaceSweeper(() => {
    const { workspace_root: root, workspace_retention_days: days, workspace_retention_count: count } = config();
    return { root, days, count, incidents, logger };
  });
  lifecycle.onStop('workspace sweeper', () => workspaces.stop());
  onReload(() => workspaces.wake());
  workspaces.start();

  const { instance, runtime } = agents;
  const workers = async (): Promise<Set<string> | undefined> => workerTokens(state.redis, state.keys);
  const containers = new ContainerSweeper({ config, instance, incidents, runtime, workers, logger });
  lifecycle.onStop('container sweeper', () => containers.stop());
  containers.start();
}

/** Starts to watch the installation itself. */
export function startSelfWatch(setup: WorkerSetup, state: State): void {
  const { logger, selfWatchInterval: interval } = setup.options;
  const heartbeat = async (): Promise<void> => callHeartbeat(setup.config());
  const watch = state.openSelfWatch({ settings: setup.config, heartbeat, interval, logger });
  setup.lifecycle.onStop('self watch', () => watch.stop());
  watch.start();
}
