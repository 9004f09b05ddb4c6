/**
 * Headers of every response. Pages cannot be embedded and load nothing from other origins (Bull Board's web fonts are
 * blocked, which it tolerates). Without a CORS header, no other origin can read a response. Nothing is cached. Other sites get no
 * referrer; without one at all, browsers would also hide the origin of forms of this API.
 */
export const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; " +
    "form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;
