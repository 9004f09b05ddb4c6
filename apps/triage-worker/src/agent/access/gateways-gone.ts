import { setTimeout as sleep } from 'node:timers/promises';
import type { TriageContext } from '../../triage-context.ts';

/** Milliseconds: gateways report every two seconds. */
const WAIT_MS = 6_000;
const POLL_MS = 250;

/**
 * Returns whether no gateway has reported since a run ended without a report, just now. A gateway that was killed is on the board for ten
 * seconds, so its next report is waited for. False if Redis does not answer.
 */
export async function gatewaysGone({ access, signal }: Pick<TriageContext, 'access' | 'signal'>): Promise<boolean> {
  const ended = Date.now();
  while (Date.now() - ended < WAIT_MS && !signal.aborted) {
    const live = await access.gateways.live().catch(() => undefined);
    if (live === undefined || live.some(({ seen }) => seen >= ended)) return false;
    if (live.length === 0) return true;
    await sleep(POLL_MS);
  }
  return !signal.aborted;
}
