/**
 * - `flowing`: Redis answers; many admissions are in flight.
 * - `draining`: one failed; nothing is sent until all that are in flight have ended.
 * - `stalled`: nothing was answered for a while; nothing is sent until something is, or all in flight have ended.
 * - `pausing`: waits for the next attempt.
 * - `probing`: a single admission is in flight.
 * - `ended`: gave up while closing.
 */
export type WindowState = 'flowing' | 'draining' | 'stalled' | 'pausing' | 'probing' | 'ended';

const NEXT = {
  flowing: ['draining', 'stalled'],
  draining: ['stalled', 'pausing', 'ended'],
  stalled: ['flowing', 'draining', 'pausing', 'probing', 'ended'],
  pausing: ['probing'],
  probing: ['flowing', 'pausing', 'ended'],
  ended: [],
} as const satisfies Record<WindowState, readonly WindowState[]>;

/** Whether Redis did not answer the last time. */
export function isStalled(state: WindowState): boolean {
  return state !== 'flowing' && state !== 'draining';
}

/**
 * Returns the next state.
 * @throws Error when no such transition exists
 */
export function nextWindowState(from: WindowState, to: WindowState): WindowState {
  const allowed: readonly WindowState[] = NEXT[from];
  if (!allowed.includes(to)) throw new Error(`the admission window cannot go from ${from} to ${to}`);
  return to;
}
