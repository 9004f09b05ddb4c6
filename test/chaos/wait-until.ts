import { setTimeout as sleep } from 'node:timers/promises';

const LONGEST_REST_MS = 150_000;
/** Also of a machine that makes progress. */
const LONGEST_WAIT_MS = 300_000;
/** Between two lines on what is waited for, ms. */
const REPORT_MS = 10_000;

/**
 * Waits until nothing remains to wait for, or nothing has changed for `patience` ms: a machine may be slow. Returns what remains, after
 * LONGEST_WAIT_MS at the latest.
 */
export async function waitUntil(
  remaining: () => Promise<string[]>,
  { patience = LONGEST_REST_MS, progress }: { patience?: number | undefined; progress: (text: string) => void },
): Promise<string[]> {
  const end = performance.now() + LONGEST_WAIT_MS;
  let limit = performance.now() + patience;
  let before = '';
  let reported = performance.now();
  for (;;) {
    const reasons = await remaining();
    const now = performance.now();
    if (reasons.join() !== before) limit = Math.min(end, now + patience);
    before = reasons.join();
    if (reasons.length === 0 || now > limit) return reasons;
    if (now > reported + REPORT_MS) {
      progress(`waiting: ${reasons.join('; ')}`);
      reported = now;
    }
    await sleep(250);
  }
}
