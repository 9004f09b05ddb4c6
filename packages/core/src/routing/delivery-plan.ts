import { problemLabels } from '../matching/problem-labels.ts';
import { targetOfKey } from '../problems/own-failures.ts';
import type { ProblemEvent, ProblemNotification } from '../problems/problem-notification.ts';
import type { ReceiverTarget, TargetKind } from './receiver-targets.ts';
import { destinationsOf, type Route } from './route-tree.ts';

/** One target that is notified. */
export interface PlannedDelivery {
  target: string;
  /** Seconds after which it is notified again while the problem is firing; undefined: never. */
  repeatInterval: number | undefined;
}

/** Changes of a problem that a target shows by itself: it keeps one entry for each problem, which is edited. */
const EVERY_CHANGE: ReadonlySet<ProblemEvent> = new Set<ProblemEvent>([
  'firing',
  'reported',
  'investigation_failed',
  'recurred',
  'reopened',
  'severity_raised',
  'flapping',
  'recovered',
  'acknowledged',
  'closed',
]);
/** What is worth a message of its own. The beginning is not: the report follows. */
const MESSAGES: ReadonlySet<ProblemEvent> = new Set<ProblemEvent>([
  'reported',
  'investigation_failed',
  'reopened',
  'severity_raised',
  'flapping',
  'recovered',
]);
const ENTRIES: ReadonlySet<ProblemEvent> = new Set([...EVERY_CHANGE].filter((event) => event !== 'recurred'));
/** Events that mean nothing to a target that was not notified of the problem. */
const ONLY_AFTER: ReadonlySet<ProblemEvent> = new Set<ProblemEvent>([
  'recurred',
  'recovered',
  'acknowledged',
  'closed',
]);

/** The events that each kind of target is notified of. */
export const NOTIFIED_EVENTS: Readonly<Record<TargetKind, ReadonlySet<ProblemEvent>>> = {
  'slack-bot': EVERY_CHANGE,
  alertmanager: EVERY_CHANGE,
  pagerduty: ENTRIES,
  'slack-webhook': MESSAGES,
  msteams: MESSAGES,
  email: MESSAGES,
  webhook: MESSAGES,
};

/**
 * Decides which targets are notified of a change of a problem: those of the receivers that the routes give, and those that were
 * notified of the problem before, whatever its labels are by now.
 * A target that fails is not notified of its failure, which others announce.
 * @param notified the targets that were notified of it before, with the interval of each
 */
export function planDeliveries(
  { event, problem }: Pick<ProblemNotification, 'event' | 'problem'>,
  route: Route,
  targets: readonly ReceiverTarget[],
  notified: ReadonlyMap<string, number | undefined>,
): PlannedDelivery[] {
  const labels = problemLabels({ ...problem, fault_type: problem.fault_types[0] });
  const destinations = destinationsOf(route, labels);
  const failing = problem.component === 'receiver' ? targetOfKey(problem.key) : undefined;
  const working = targets.filter(({ id }) => id !== failing);
  const isRouted = ({ receiver }: ReceiverTarget): boolean => destinations.some((one) => one.receiver === receiver);
  // A failure of the only target that it would go to goes to all others.
  const [fallback] = failing === undefined || working.some(isRouted) ? [] : destinations;
  return working.flatMap((target) => {
    const destination = destinations.find(({ receiver }) => receiver === target.receiver) ?? fallback;
    const wasNotified = notified.has(target.id);
    if (!destination && !wasNotified) return [];
    if (ONLY_AFTER.has(event) && !wasNotified) return [];
    if (!isNotifiedOf(target, event, problem.component !== undefined)) return [];
    const repeatInterval = destination ? destination.repeatInterval : notified.get(target.id);
    return [{ target: target.id, repeatInterval }];
  });
}

/** A failure of Nightcrier has no investigation, so its beginning is notified. */
function isNotifiedOf(target: ReceiverTarget, event: ProblemEvent, isOwnFailure: boolean): boolean {
  const chosen = target.kind === 'webhook' ? target.settings.events : undefined;
  if (chosen !== undefined) return chosen.includes(event);
  return NOTIFIED_EVENTS[target.kind].has(event) || (event === 'firing' && isOwnFailure);
}
