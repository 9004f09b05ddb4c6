import { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { z } from 'zod';
import type { Segment } from './segment-store.ts';

/** A fault between its receipt and the answer of admission. */
export interface SpooledFault {
  /** Position in the order of receipt, over the life of this process. */
  position: number;
  /** Given at receipt: an admission whose answer was lost is sent again under the same id, and counts once. */
  incidentId: string;
  event: ClusterEvent;
  /** The file that holds it too; missing while it is only in memory. */
  segment?: Segment;
}

const Line = z.object({ incident_id: z.guid(), event: ClusterEvent });

/** One line of a segment, with its end. The cluster's name comes early, for the sake of {@link clusterOfDamaged}. */
export function writeLine({ incidentId, event }: SpooledFault): string {
  return `${JSON.stringify({ incident_id: incidentId, event } satisfies z.infer<typeof Line>)}\n`;
}

/** Undefined when the line is not a whole fault. */
export function readLine(line: string): Pick<SpooledFault, 'incidentId' | 'event'> | undefined {
  try {
    const { incident_id, event } = Line.parse(JSON.parse(line));
    return { incidentId: incident_id, event };
  } catch {
    return undefined;
  }
}

/** The cluster of a line that is torn or damaged, as far as it can be made out; else `unknown`. */
export function clusterOfDamaged(line: string): string {
  const [, name] = /"cluster_name":("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  return name === undefined ? 'unknown' : z.string().catch('unknown').parse(JSON.parse(name));
}
