import { findLogCause, type LogCause } from '../../logs/log-cause.ts';
import { complaintsIn } from '../../../evidence/view/complaints.ts';
import { isPodReady } from '../../../evidence/pod-trouble.ts';
import type { ContainerCase, PodCase } from '../../pod-case.ts';

/** A container that ended, and what it says of it. */
export interface Crashed {
  container: ContainerCase;
  cause: LogCause | undefined;
}

const RECENT_MS = 30 * 60_000;

/**
 * The container at fault, before one is blamed: a failing init container holds up all others; one that only complains
 * about another container of the pod (over localhost) follows from that one.
 */
export function blamed(podCase: PodCase): Crashed | undefined {
  const crashed = podCase.containers
    .filter((candidate) => hasCrashed(podCase, candidate))
    .map((container) => ({ container, cause: causeOf(container) }));
  const init = crashed.find(({ container }) => container.isInit);
  if (init) return init;
  const [first] = crashed;
  if (first === undefined || crashed.length === 1) return first;
  const independent = crashed.find(({ cause }) => !(cause?.failure?.remote && isAboutLocalhost(cause.line)));
  return isAboutLocalhost(first.cause?.line ?? '') ? (independent ?? first) : first;
}

/** What the log of the run that ended says: of the present one if it ended just now, else of the previous one. */
function causeOf({ status, log, previousLog }: ContainerCase): LogCause | undefined {
  const end = status.state?.terminated ?? status.lastState?.terminated;
  const candidates = status.state?.terminated ? [log] : [previousLog, log];
  const causes = candidates.flatMap((piece) => (piece ? (findLogCause(piece.text) ?? []) : []));
  const best = causes.find(({ failure }) => failure) ?? causes.find(({ explicit }) => explicit);
  if (best) return best;
  return (end?.message ? findLogCause(end.message) : undefined) ?? causes[0];
}

function hasCrashed({ view, pod }: PodCase, { status }: ContainerCase): boolean {
  const { waiting, terminated } = status.state ?? {};
  if (waiting?.reason === 'CrashLoopBackOff') return true;
  if (terminated) return terminated.exitCode !== 0;
  const before = status.lastState?.terminated;
  if (before === undefined) return false;
  const isRecent = view.now - (Date.parse(before.finishedAt ?? '') || view.now) < RECENT_MS;
  return isRecent && (status.ready === false || (before.exitCode !== 0 && !isPodReady(pod)) || before.exitCode !== 0);
}

function isAboutLocalhost(line: string): boolean {
  return /\b(127\.0\.0\.1|localhost|\[::1\])/.test(line) && complaintsIn(line).length > 0;
}
