import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { carryOut } from './carry-out.ts';
import type { ChaosSystem } from './chaos-system.ts';
import { type Action, laneOf } from './schedule.ts';

/** Longest time of an action beyond its duration, ms. */
const LONGEST_ACTION_MS = 240_000;

export interface Performed {
  /** The actions, when and for how long they happened. */
  done: Action[];
  /** What could not be done, or did not end. */
  failed: string[];
}

/** Carries the actions out at their times, one at a time for each target. */
export async function perform(
  system: ChaosSystem,
  actions: readonly Action[],
  { now, progress }: { now: () => number; progress: (text: string) => void },
): Promise<Performed> {
  const performed: Performed = { done: [], failed: [] };
  const lanes = new Map<string, Promise<void>>();
  const one = async (action: Action): Promise<void> => {
    const { kind, target, duration } = action;
    await sleep(action.at - now());
    // An earlier one may have taken longer than planned: sentinels take their time.
    const lane = laneOf(target);
    const before = lanes.get(lane);
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
    lanes.set(lane, finished);
    await before;
    progress(`${(now() / 1000).toFixed(1).padStart(6)} s  ${kind} ${target} ${duration} ms`);
    const worker = kind === 'kill worker' ? `${hostname()}-${system.processes.get(target)?.ownPid}` : undefined;
    const at = now();
    const problem = await Promise.race([carryOutOrSay(system, action), tooLate(duration)]);
    if (problem !== undefined) performed.failed.push(`the action "${kind}" of ${target} at ${at} ms ${problem}`);
    performed.done.push({ ...action, at, duration: now() - at, ...(worker !== undefined && { worker }) });
    finish();
  };
  await Promise.all(actions.map(one));
  return performed;
}

/** Returns what was wrong, undefined if nothing. */
async function carryOutOrSay(system: ChaosSystem, action: Action): Promise<string | undefined> {
  try {
    await carryOut(system, action);
    return undefined;
  } catch (error) {
    return `failed: ${String(error)}`;
  }
}

async function tooLate(duration: number): Promise<string> {
  return sleep(duration + LONGEST_ACTION_MS, `did not end within ${LONGEST_ACTION_MS / 1000} s`, { ref: false });
}
