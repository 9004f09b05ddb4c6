import type { AgentRun } from './agents.ts';
import type { Action } from './schedule.ts';

/** Longest time until the incident of a killed worker is investigated again, ms. */
const LONGEST_TAKEOVER_MS = 20_000;
/** As long, and until connections to Redis are replaced whose packets were dropped (8 s), and the next connect (2 s). */
const LONGEST_DELAYED_TAKEOVER_MS = 30_000;
/** An agent that ended this long before its worker was killed has a result, ms. */
const SETTLED_MS = 2_000;

export interface Takeovers {
  /** Number of incidents whose worker was killed while their agents ran, and which were investigated again. */
  takeovers: number;
  /** Median and longest time from the kill until an agent investigates again, s; missing where there was none. */
  takeover_s_p50?: number;
  takeover_s?: number;
  /** Of these incidents, those that another failure delayed: Redis, another worker. Not in the times above. */
  takeovers_delayed: number;
  /** Longest time from the end of the last such failure until an agent investigates again, s. */
  takeover_delayed_s?: number;
  violations: string[];
}

interface Takeover {
  incident: string;
  /** Of the kill, ms since the start of the run. */
  killed: number;
  /** From the kill, or from the end of the last failure that delayed it, until the next start of an agent, ms. */
  took: number;
  isDelayed: boolean;
}

/**
 * Finds the incidents whose worker was killed while their agent ran, and when an agent investigated them again. Without those that
 * failed to write to the disk of the workspaces: they wait as long as every retry.
 * @param runs of agents by incident
 * @param beganAt start of the run, ms since the epoch
 */
export function takeoversOf(
  runs: ReadonlyMap<string, readonly AgentRun[]>,
  actions: readonly Action[],
  beganAt: number,
): Takeovers {
  const found = [...runs].flatMap(([incident, all]) =>
    all.flatMap((run, index) => {
      const next = all[index + 1];
      return next ? takeoverOf(incident, run, next.start - beganAt, { actions, beganAt }) : [];
    }),
  );
  const [delayed, prompt] = [found.filter(({ isDelayed }) => isDelayed), found.filter(({ isDelayed }) => !isDelayed)];
  const times = prompt.map(({ took }) => took).toSorted((a, b) => a - b);
  return {
    takeovers: found.length,
    ...(times.length > 0 && { takeover_s_p50: seconds(times[times.length >> 1]), takeover_s: seconds(times.at(-1)) }),
    takeovers_delayed: delayed.length,
    ...(delayed.length > 0 && { takeover_delayed_s: seconds(Math.max(...delayed.map(({ took }) => took))) }),
    violations: found
      .filter(({ took, isDelayed }) => took > (isDelayed ? LONGEST_DELAYED_TAKEOVER_MS : LONGEST_TAKEOVER_MS))
      .map(
        ({ incident, killed, took, isDelayed }) =>
          `incident ${incident} was taken over ${Math.round(took)} ms after ${isDelayed ? 'the last failure that delayed it; its worker was killed' : 'the kill'} at ${killed} ms`,
      ),
  };
}

/** @param again next start of an agent, ms since the start of the run */
function takeoverOf(
  incident: string,
  { start, end = Number.POSITIVE_INFINITY, worker }: AgentRun,
  again: number,
  { actions, beganAt }: { actions: readonly Action[]; beganAt: number },
): Takeover[] {
  const kill = actions
    .filter((action) => action.kind === 'kill worker' && action.worker === worker)
    .find(({ at }) => at > start - beganAt && at < again && at < end - beganAt + SETTLED_MS);
  if (!kill) return [];
  const others = actions.filter((other) => other !== kill && other.at < again && other.at + other.duration > kill.at);
  if (others.some(({ target }) => target === 'disk of workspaces')) return [];
  const delays = others
    .filter(({ target }) => /redis|worker/.test(target))
    .map(({ at, duration }) => Math.min(again, at + duration));
  const from = Math.max(kill.at, ...delays);
  return [{ incident, killed: kill.at, took: again - from, isDelayed: delays.length > 0 }];
}

/** Returns whether Redis lost the end of its file between two runs of an incident: it may have forgotten that a worker has it. */
export function wasForgotten(runs: readonly AgentRun[], actions: readonly Action[], beganAt: number): boolean {
  const losses = actions.filter(({ kind }) => kind === 'truncate redis').map(({ at }) => beganAt + at);
  return runs.some(({ start }, index) => losses.some((at) => at > start && at < (runs[index + 1]?.start ?? 0)));
}

function seconds(ms = 0): number {
  return Math.round(ms / 100) / 10;
}
