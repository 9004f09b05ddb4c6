/**
 * Sent with every response. Nothing may embed the pages or be loaded from elsewhere (Bull Board asks for web fonts, and
 * does without); no CORS header, so no other origin reads a response; nothing is cached, as everything here is state.
 */
export const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; " +
    "form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;
