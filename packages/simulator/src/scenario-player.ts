import { setTimeout as sleep } from 'node:timers/promises';
import type { ScenarioRun, SimulatedCluster } from './simulated-cluster.ts';

export interface PlayOptions {
  /** Names of the scenarios, in their order. */
  scenarios: readonly string[];
  /** Time between two faults of a cluster. */
  intervalMs: number;
  /** Time before the first fault. */
  startDelayMs: number;
  /** Longest wait for a subscriber before the first fault. */
  subscriberWaitMs: number;
  /** Whether to start again after the last scenario: everything is healed first, and pods are new. */
  repeat: boolean;
  /** Scenarios that are healed by themselves, and how long after their fault. */
  healed?: { scenarios: readonly string[]; afterMs: number } | undefined;
  /** How much faster than in a real cluster a scenario goes; undefined: all of its steps follow each other at once. */
  speed?: number | undefined;
  onRun(cluster: SimulatedCluster, scenario: string, run: ScenarioRun): void;
}

/** Plays scenarios in a cluster, one after the other, until the last one or until the signal aborts. */
export async function playScenarios(
  cluster: SimulatedCluster,
  options: PlayOptions,
  signal: AbortSignal,
): Promise<void> {
  if (options.scenarios.length === 0) return;
  const running = new Map<string, ScenarioRun>();
  const { scenarios: healed = [], afterMs = 0 } = options.healed ?? {};
  const healing: Promise<void>[] = [];
  try {
    await waitForSubscriber(cluster, options.subscriberWaitMs, signal);
    await sleep(options.startDelayMs, undefined, { signal });
    for (let round = 0; round === 0 || options.repeat; round += 1) {
      for (const scenario of options.scenarios) {
        running.get(scenario)?.heal();
        const run = await cluster.run(scenario, {
          ...(round > 0 && { instance: String(round) }),
          ...(options.speed !== undefined && { speed: options.speed }),
          signal,
        });
        running.set(scenario, run);
        options.onRun(cluster, scenario, run);
        if (healed.includes(scenario)) healing.push(healLater(run, afterMs, signal));
        await sleep(options.intervalMs, undefined, { signal });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await Promise.all(healing);
}

/** Heals a scenario after a time, unless the signal aborts before. */
async function healLater(run: ScenarioRun, afterMs: number, signal: AbortSignal): Promise<void> {
  await sleep(afterMs, undefined, { signal }).then(run.heal, () => undefined);
}

async function waitForSubscriber(cluster: SimulatedCluster, waitMs: number, signal: AbortSignal): Promise<void> {
  if (waitMs === 0) return;
  const enough = AbortSignal.timeout(waitMs);
  try {
    await cluster.waitForSubscriber(AbortSignal.any([signal, enough]));
  } catch (error) {
    if (signal.aborted || !enough.aborted) throw error;
  }
}
