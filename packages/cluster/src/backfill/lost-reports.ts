import { faultFingerprint, type FaultEvent } from '@nightcrier/core/faults/fault';
import { symptomKey } from '@nightcrier/core/problems/problem-key';
import type { Detector } from '../detection/detector.ts';
import type { Remembered } from '../detection/known-symptoms.ts';
import type { Sighting, WatermarkMemory } from './watermark.ts';

/**
 * Which firing symptoms are checked: those that the store does not remember as firing, or all of them, because the store may have
 * lost an incident and kept its problem.
 */
export type CheckedSymptoms = 'missing' | 'all';

export interface LostReportsOptions {
  detector: Detector;
  /** Its `load` returns what the store remembers. Rejects while the store is unreachable. */
  memory: { load(): Promise<Remembered[]> };
  incidents: Pick<WatermarkMemory, 'known'>;
  /** Keys of symptoms that are being reported. */
  pending: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface LostReports {
  /** Faults that were reported and have no incident, each with its problem. */
  lost: { problem: string; fault: FaultEvent }[];
  /** What the store does not know as it is. */
  unsaved: Remembered[];
}

const NOT_SHOWN = 'Reported before, and lost by Redis. The cluster does not show it any more.';
const SKEW_MS = 10_000;

/**
 * Compares what a detector has reported with what the store holds. The store may lose what it has acknowledged: a power cut with
 * `appendfsync everysec`, or the promotion of a replica that lagged. Takes over what only the store knows.
 * @throws Error of the store
 */
export async function findLostReports(options: LostReportsOptions, checked: CheckedSymptoms): Promise<LostReports> {
  const { detector, memory, incidents, pending, now } = options;
  const stored = await memory.load();
  const storedStates = new Map(stored.map(({ symptom }) => [symptomKey(symptom), symptom.state]));
  detector.restore(stored);
  const remembered = [...detector.remembered()];
  const isMissing = ([key, { symptom }]: [string, Remembered]): boolean =>
    symptom.state === 'firing' && !pending.has(key) && (checked === 'all' || storedStates.get(key) !== 'firing');
  const doubtful = remembered.filter(isMissing);
  const shown = doubtful.length === 0 ? new Map<string, FaultEvent>() : detector.shownFaults(now);
  const reports = doubtful.map(([key, one]) => ({ ...one, fault: shown.get(key) ?? faultOfRemembered(one) }));
  const sightings = reports.map((report) => sightingsOf(report, detector.serverCluster));
  const known = await incidents.known(sightings.flat());
  let at = 0;
  const hasIncident = sightings.map(({ length }) => known.slice(at, (at += length)).includes(true));
  return {
    lost: reports.filter((_, index) => !hasIncident[index]),
    unsaved: remembered
      .filter(([key, { symptom }]) => !pending.has(key) && (storedStates.get(key) ?? 'cleared') !== symptom.state)
      .map(([, one]) => one),
  };
}

/** The fault of a symptom that no object shows now, without what the cluster said of it. */
function faultOfRemembered({ symptom }: Remembered): FaultEvent {
  const { fault_id, fault_type, severity, resource, container, since } = symptom;
  return {
    faultId: fault_id,
    faultType: fault_type,
    severity,
    resource,
    ...(container !== undefined && { container }),
    context: NOT_SHOWN,
    timestamp: new Date(since).toISOString(),
  };
}

/** What would be the incident of a symptom, by the fault that was reported and by the one that is shown now. */
function sightingsOf({ symptom, fault }: Remembered & { fault: FaultEvent }, serverCluster: string): Sighting[] {
  // A loop crashes again and again, and what is over is not reported again: since when is not known.
  const since = symptom.family === 'crash' ? 0 : symptom.since - SKEW_MS;
  const { fault_id, fault_type, resource, container } = symptom;
  const own = faultFingerprint(serverCluster, fault_type, resource, container);
  return [...new Set([fault_id, own, fault.faultId])].map((fingerprint) => ({ fingerprint, since }));
}
