import { type Html, html } from '../../html/html.ts';

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
] as const;

/** Returns a duration such as `4 min` or `3 d`; pages.js writes it the same way. */
export function durationText(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ['s', 1];
  return `${Math.max(0, Math.floor(seconds / length))} ${unit}`;
}

/** Returns a time relative to now, with the absolute one as its title. @param at milliseconds, or text of RFC 3339 */
export function timeTag(at: number | string, now = Date.now()): Html {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return html`${String(at)}`;
  const seconds = (now - time.getTime()) / 1000;
  const text = seconds < 0 ? `in ${durationText(-seconds)}` : `${durationText(seconds)} ago`;
  return html`<time datetime="${time.toISOString()}" title="${absolute(time)}" data-relative="">${text}</time>`;
}

/** Returns an absolute time, UTC. */
export function clockTag(at: number | string): Html {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return html`${String(at)}`;
  return html`<time datetime="${time.toISOString()}" title="${absolute(time)}">${time.toISOString().slice(5, 19).replace('T', ' ')}</time>`;
}

function absolute(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
