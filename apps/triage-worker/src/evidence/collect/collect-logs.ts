import type { FaultEvent } from '@nightcrier/core/faults/fault';
import { podIn, type Collection } from './collection.ts';
import type { ObjectPiece } from '../evidence.ts';
import type { Pod } from '../kubernetes-object.ts';
import { containerStatuses, isContainerInTrouble, ranBefore } from '../pod-trouble.ts';

const MAX_PODS_WITH_LOGS = 2;
const MAX_CONTAINERS_WITH_LOGS = 3;

/** Current and previous logs of the containers in trouble; without any in trouble, of the container at fault. */
export async function collectLogs({ reader, fault, pieces }: Collection, pods: ObjectPiece[]): Promise<void> {
  const wanted = pods.slice(0, MAX_PODS_WITH_LOGS).flatMap((piece) => {
    const { metadata } = podIn(piece);
    return containersToRead(podIn(piece), fault).flatMap(({ name = '', previous, current }) => {
      const read = (ofPrevious: boolean) =>
        reader.log(metadata?.namespace ?? 'default', metadata?.name ?? '', name, ofPrevious);
      return [...(current ? [read(false)] : []), ...(previous ? [read(true)] : [])];
    });
  });
  pieces.push(...(await Promise.all(wanted)).filter((piece) => piece !== undefined));
}

/** A container that never ran has no log to ask for. */
function containersToRead(pod: Pod, fault: FaultEvent): { name?: string; previous: boolean; current: boolean }[] {
  const statuses = containerStatuses(pod);
  const atFault = statuses.filter(({ name }) => name === fault.container);
  const inTrouble = statuses.filter((status) => isContainerInTrouble(status) || ranBefore(status));
  const chosen = [...new Set([...atFault, ...inTrouble])];
  return (chosen.length > 0 ? chosen : statuses).slice(0, MAX_CONTAINERS_WITH_LOGS).map((status) => ({
    name: status.name,
    previous: ranBefore(status),
    current: ranBefore(status) || status.state?.running !== undefined || status.state?.terminated !== undefined,
  }));
}
