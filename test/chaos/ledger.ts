import { type Incident, isFinal } from '@nightcrier/core/incidents/incident';
import { KEEP_ALIVE_MS } from './carry-out.ts';
import type { Action } from './schedule.ts';

/** A fault that a cluster sent. */
export interface SentFault {
  id: string;
  cluster: string;
  /** Milliseconds since the start of the run. */
  at: number;
}

/** Faults on their way when a connection breaks may be lost: they leave no trace in these clusters. */
const IN_FLIGHT_MS = 1_500;
/** Longest time from the end of an action until faults of a cluster are received again. */
const LONGEST_BLIND_MS = 60_000;
const DROPPED_MS = 10_000;
/** How long an event stream may be dead before that is noticed, in which another ingester may have watched the cluster for a while. */
const UNNOTICED_MS = KEEP_ALIVE_MS + 2_000;
/** The actions during which a fault that was received may be lost, if it is counted: its spool could not take it. */
const COUNTED = new Set<Action['kind']>(['full disk', 'unwritable disk']);
/** The actions after which a sent fault may not arrive, and whether they affect one cluster or all. */
const LOSING: Partial<Record<Action['kind'], 'one' | 'all'>> = {
  'kill ingester': 'all',
  'stop ingester': 'all',
  'pause ingester': 'all',
  'truncate redis': 'all',
  'restart mcp': 'one',
  'cut mcp': 'one',
  'half-open mcp': 'one',
  'cancel subscriptions': 'one',
};

export interface Account {
  sent: number;
  accounted: number;
  /** Faults that were lost on the way while a connection was broken. */
  in_flight: number;
  /** Faults that the system counts as lost. */
  lost: number;
  violations: string[];
}

/**
 * Compares what was sent with the incidents in Redis. A fault may be missing only if it was sent while the connection of its
 * cluster was broken: from shortly before an action until the first later fault that was received.
 * @param actions as they were carried out
 * @param lost how many faults the system counts as lost
 */
export function account(
  sent: readonly SentFault[],
  incidents: readonly Incident[],
  actions: readonly Action[],
  lost = 0,
): Account {
  const violations: string[] = [];
  const byFault = Map.groupBy(
    incidents,
    ({ cluster_event: { cluster_name, event } }) => `${cluster_name} ${event.faultId}`,
  );
  for (const [fault, all] of byFault) {
    if (all.length > 1) violations.push(`fault ${fault} has ${all.length} incidents`);
  }
  for (const { incident_id, state, reason } of incidents) {
    if (!isFinal(state)) violations.push(`incident ${incident_id} is ${state} at the end`);
    else if (state !== 'reported') violations.push(`incident ${incident_id} ended as ${state}: ${reason}`);
  }
  const known = new Set(sent.map(({ cluster, id }) => `${cluster} ${id}`));
  for (const fault of byFault.keys()) if (!known.has(fault)) violations.push(`fault ${fault} was never sent`);

  const unwritable = actions
    .filter(({ kind, target }) => COUNTED.has(kind) && target.includes('ingester'))
    .map(({ at, duration }) => ({ from: at - IN_FLIGHT_MS, to: at + duration + IN_FLIGHT_MS }));
  if (lost > 0 && unwritable.length === 0) violations.push(`${lost} faults are lost`);
  let countable = lost;
  let accounted = 0;
  let inFlight = 0;
  for (const [cluster, faults] of Map.groupBy(sent, (fault) => fault.cluster)) {
    const received = faults.filter(({ id }) => byFault.has(`${cluster} ${id}`));
    accounted += received.length;
    const gaps = actions
      .filter(({ kind, target }) => LOSING[kind] === 'all' || (LOSING[kind] === 'one' && target === cluster))
      .map(({ kind, at, duration }) => {
        const end = at + duration + (kind === 'half-open mcp' ? UNNOTICED_MS : 0);
        const again = received.find((fault) => fault.at > end + IN_FLIGHT_MS)?.at ?? Number.POSITIVE_INFINITY;
        const later = faults.some((fault) => fault.at > end + LONGEST_BLIND_MS);
        if (again - end > LONGEST_BLIND_MS && later) violations.push(`${cluster} is blind after "${kind}" at ${at} ms`);
        return { from: (kind === 'truncate redis' ? lastWriteBefore(at, actions) : at) - IN_FLIGHT_MS, to: again };
      });
    const receivedIds = new Set(received.map(({ id }) => id));
    for (const { id, at } of faults) {
      if (receivedIds.has(id)) continue;
      const within = (spans: { from: number; to: number }[]): boolean =>
        spans.some(({ from, to }) => at >= from && at < to);
      if (within(gaps)) inFlight += 1;
      else if (within(unwritable) && countable > 0) countable -= 1;
      else violations.push(`fault ${id} of ${cluster}, sent at ${at} ms, has no incident`);
    }
  }
  return { sent: sent.length, accounted, in_flight: inFlight, lost, violations };
}

/** Returns since when Redis may have received no write before a time: connections that were dropped are replaced after 8 s. */
function lastWriteBefore(time: number, actions: readonly Action[]): number {
  const dropped = actions.find(({ kind, at }) => kind === 'drop redis' && at < time && at > time - DROPPED_MS);
  return dropped?.at ?? time;
}
