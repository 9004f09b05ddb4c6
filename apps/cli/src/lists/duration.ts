import { ExitError } from '@nightcrier/runtime/exit-code';

const SECONDS = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
]);

/** Returns seconds of a duration such as `30m`, `1d12h`. @throws ExitError usage */
export function parseDuration(text: string): number {
  if (!/^(?:\d+[smhdw])+$/.test(text))
    throw new ExitError('usage', `${JSON.stringify(text)} is no duration; write it like 30m, 4h, 1d12h or 2w`);
  return [...text.matchAll(/(\d+)([smhdw])/g)].reduce(
    (sum, [, amount, unit = 's']) => sum + Number(amount) * (SECONDS.get(unit) ?? 1),
    0,
  );
}

/** How lists show times: as ages, or as dates (`--absolute`). */
export type ShownTimes = 'ages' | 'dates';

/** Returns a time as a list shows it, such as `5m` or `2026-01-31T12:00:00Z`. @param at milliseconds since the epoch */
export function shownTime(at: number, times: ShownTimes): string {
  return times === 'ages' ? ageOf(at) : `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Returns how long ago a time was, such as `5m` or `3d`. @param since milliseconds since the epoch */
export function ageOf(since: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - since) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
