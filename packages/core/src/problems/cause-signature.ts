import type { ClusterEvent } from '../clusters/cluster-event.ts';
import { familyOfType } from './symptom-table.ts';

/** Reasons of one cause, between which an object alternates. */
const SAME_REASON: ReadonlyMap<string, string> = new Map([
  ['ErrImagePull', 'ImagePull'],
  ['ImagePullBackOff', 'ImagePull'],
]);
/** A reason that says nothing beyond the exit code. */
const NO_REASON = new Set(['Error', 'Completed', 'CrashLoopBackOff']);

const EXIT_CODE = /exit ?code:? (?<code>\d{1,3})\b(?: \((?<reason>[A-Za-z]{1,60})\))?/i;
const CANNOT_START = /cannot start: (?<reason>[A-Za-z]{1,60})/;
const LONGEST_IMAGES = 500;

/**
 * Returns what a fault tells of its cause, as `<kind>=<value>`: exit code and reason by symptom family, and the images. A fault of
 * a known problem has another cause when it tells another value of a kind than those that were investigated. What it does not
 * tell is not compared: a server's fault knows less than what is read of the object.
 */
export function causeSignature({ event, images }: Pick<ClusterEvent, 'event' | 'images'>): string[] {
  const { context = '', faultType } = event;
  const family = familyOfType(faultType);
  const exit = EXIT_CODE.exec(context)?.groups;
  const reason = exit?.reason ?? CANNOT_START.exec(context)?.groups?.reason;
  return [
    ...(exit?.code === undefined ? [] : [`${family} exit code=${exit.code}`]),
    ...(reason === undefined || NO_REASON.has(reason) ? [] : [`${family} reason=${SAME_REASON.get(reason) ?? reason}`]),
    ...(images?.length ? [`images=${images.toSorted().join(' ').slice(0, LONGEST_IMAGES)}`] : []),
  ];
}
