/** A host that no page has. */
const NOWHERE = 'http://nowhere.invalid';
const LONGEST = 2_000;
/** What browsers drop or read as `/`. */
// oxlint-disable-next-line no-control-regex
const DECEPTIVE = /[\u0000-\u0020\u007f\\]/;

/**
 * Returns the page to show after a login: the path of a page of this API, without the base path. Anything else becomes `/`: a link to the
 * login page must not lead to another site.
 */
export function returnPath(wanted: unknown): `/${string}` {
  if (typeof wanted !== 'string' || wanted.length > LONGEST || DECEPTIVE.test(wanted)) return '/';
  const url = /^\/(?!\/)/.test(wanted) ? URL.parse(wanted, NOWHERE) : null;
  if (url?.origin !== NOWHERE || !/^\/(?!\/)/.test(url.pathname) || /^\/(?:login|logout)(?:\/|$)/.test(url.pathname))
    return '/';
  return `/${url.pathname.slice(1)}${url.search}${url.hash}`;
}
