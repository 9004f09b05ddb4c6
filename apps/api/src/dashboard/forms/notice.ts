import { type Html, html } from '../../html/html.ts';

/** What a form has done, by the code in the URL of the page that follows. */
const NOTICES: Record<string, string> = {
  acknowledged: 'Acknowledged.',
  unacknowledged: 'The acknowledgement is removed.',
  investigating: 'An investigation is queued.',
  silenced: 'The silence is added.',
  expired: 'The silence is ended.',
  feedback: 'Thank you. Your feedback is stored.',
};

/** Returns a notice of what was done before, if anything was. `N of M` counts are written as `code:N:M`. */
export function noticeOf(query: unknown): Html | undefined {
  const done = typeof query === 'object' && query !== null && 'done' in query ? query.done : undefined;
  if (typeof done !== 'string') return undefined;
  const [code = '', count, of] = done.split(':');
  const text = Object.hasOwn(NOTICES, code) ? NOTICES[code] : undefined;
  if (text === undefined) return undefined;
  const counted = /^\d+$/.test(count ?? '') && /^\d+$/.test(of ?? '') ? ` (${count} of ${of} problems)` : '';
  return html`<p class="notice ${counted && count !== of ? 'bad' : 'good'}" role="status">${text}${counted}</p>`;
}
