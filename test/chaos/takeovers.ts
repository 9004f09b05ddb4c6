import type { Action } from './schedule.ts';

/** Longest time until the incident of a killed worker is investigated again, ms. */
const LONGEST_TAKEOVER_MS = 20_000;

export interface Takeovers {
  /** Number of incidents whose worker was killed, and which were investigated again. */
  takeovers: number;
  /** Median and longest time from the kill until an agent investigates again, s; missing where there was none. */
  takeover_s_p50?: number;
  takeover_s?: number;
  violations: string[];
}

interface Takeover {
  incident: string;
  /** Of the kill, and of the next start of an agent, ms since the start of the run. */
  killed: number;
  again: number;
}

/**
 * Finds the incidents whose agent started before a worker was killed, and again after it. Only one that no other failure delayed must
 * start again in time: Redis, the disk of the workspaces, the other worker.
 * @param starts of agents by incident, ms since the epoch
 * @param beganAt start of the run, ms since the epoch
 */
export function takeoversOf(
  starts: ReadonlyMap<string, readonly number[]>,
  actions: readonly Action[],
  beganAt: number,
): Takeovers {
  const kills = actions.filter(({ kind }) => kind === 'kill worker').map(({ at }) => at);
  const found = [...starts].flatMap(([incident, all]): Takeover[] =>
    all.slice(1).flatMap((start, index) => {
      const again = start - beganAt;
      const killed = kills.findLast((at) => at > (all[index] ?? 0) - beganAt && at < again);
      return killed === undefined ? [] : [{ incident, killed, again }];
    }),
  );
  if (found.length === 0) return { takeovers: 0, violations: [] };
  const times = found.map(({ killed, again }) => again - killed).toSorted((a, b) => a - b);
  const violations = found
    .filter((takeover) => takeover.again - takeover.killed > LONGEST_TAKEOVER_MS && !wasDelayed(takeover, actions))
    .map(
      ({ incident, killed, again }) =>
        `incident ${incident} was taken over ${again - killed} ms after the kill at ${killed} ms`,
    );
  return {
    takeovers: found.length,
    takeover_s_p50: seconds(times[times.length >> 1]),
    takeover_s: seconds(times.at(-1)),
    violations,
  };
}

function seconds(ms = 0): number {
  return Math.round(ms / 100) / 10;
}

/** Returns whether another failure kept the workers from their work meanwhile. */
function wasDelayed({ killed, again }: Takeover, actions: readonly Action[]): boolean {
  return actions.some(
    ({ kind, target, at, duration }) =>
      (/redis/.test(target) ||
        target === 'disk of workspaces' ||
        (/worker/.test(target) && (kind !== 'kill worker' || at !== killed))) &&
      at < again &&
      at + duration > killed,
  );
}
