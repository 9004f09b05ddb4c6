import { ClusterEvent } from '@nightcrier/core/clusters/cluster-event';
import { z } from 'zod';
import type { Segment } from './segment.ts';

/** A fault that was received and is not admitted yet. */
export interface SpooledFault {
  /** Position in the order of receipt, over the life of this process. */
  position: number;
  /** Assigned at receipt: an admission whose answer was lost is resent under the same id, and counts once. */
  incidentId: string;
  event: ClusterEvent;
  /** The file that holds it too; missing while it is only in memory. */
  segment?: Segment;
}

const Line = z.object({ incident_id: z.guid(), event: ClusterEvent });

/** Formats one line of a segment, with its newline. The cluster's name comes early, see {@link clusterOfDamaged}. */
export function writeLine({ incidentId, event }: SpooledFault): string {
  return `${JSON.stringify({ incident_id: incidentId, event } satisfies z.infer<typeof Line>)}\n`;
}

/** Parses one line of a segment; undefined when it is not a whole fault. */
export function readLine(line: string): Pick<SpooledFault, 'incidentId' | 'event'> | undefined {
  try {
    const { incident_id, event } = Line.parse(JSON.parse(line));
    return { incidentId: incident_id, event };
  } catch {
    return undefined;
  }
}

/** Returns the cluster of a line that is torn or damaged; `unknown` when its name is damaged too. */
export function clusterOfDamaged(line: string): string {
  const [, name] = /"cluster_name":("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  return name === undefined ? 'unknown' : z.string().catch('unknown').parse(JSON.parse(name));
}
