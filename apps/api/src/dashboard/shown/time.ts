import { relativeText } from '../../html/files/age.js';
import { type Html, html } from '../../html/html.ts';

/** Returns a time relative to now, with the absolute one as its title. @param at milliseconds, or text of RFC 3339 */
export function timeTag(at: number | string, now = Date.now()): Html {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return html`${String(at)}`;
  const text = relativeText(time.getTime(), now);
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
