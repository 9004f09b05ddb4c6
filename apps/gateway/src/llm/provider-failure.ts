import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import { errorIn, errorInBody, type ProviderError } from './provider-error.ts';

const LONGEST = 300;

/**
 * Statuses that are about the account, the model or the server. At an endpoint that exists, 404 means a model that does not; 405 a wrong
 * base URL; 407 a proxy.
 */
const STATUSES: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 407, 408, 410, 429, 499]);

/** Codes that are about what was asked, whatever the status. */
const OF_REQUEST: ReadonlySet<string> = new Set([
  'content_filter',
  'content_policy_violation',
  'invalid_prompt',
  'context_length_exceeded',
  'request_too_large',
]);
/** What a provider moderates, as proxies in front of several providers say it. */
const MODERATED = /\bflagged\b|\bmoderation\b/i;

/** Codes that say with a status of a bad request that the account or the model cannot be used. */
const OF_ACCOUNT: ReadonlySet<string> = new Set([
  'billing_error',
  'authentication_error',
  'permission_error',
  'not_found_error',
  'overloaded_error',
  'rate_limit_error',
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'invalid_api_key',
  'account_deactivated',
  'access_terminated',
  'model_not_found',
  'budget_exceeded',
  'unsupported_country_region_territory',
  'FAILED_PRECONDITION',
  'API_KEY_INVALID',
  'DeploymentNotFound',
]);
const ACCOUNT =
  /credit balance|billing|insufficient[_ ](?:quota|balance|credits)|quota|spend(?:ing)? (?:limit|cap)|usage limit|budget has been exceeded|organization has been disabled|account.{0,20}(?:disabled|deactivated|suspended|not active)|API key (?:not valid|expired)|(?:location|region|country|territory).{0,20} not (?:supported|available)|model.{0,60} (?:does not exist|not found|is not supported|no longer available|has been deprecated)/i;
/** `messages.4: …` is about a field of the request, which may quote anything. */
const FIELD = /^[\w-]+(?:[.[][\w-]+\]?)+: /;

/** Types of an error in a stream, which has no status, that are about the request. */
const BAD_REQUEST: ReadonlySet<string> = new Set(['invalid_request_error', 'INVALID_ARGUMENT', 'BadRequestError']);

/**
 * Returns why the provider cannot be used now, from its answer: a refused key, no credit, a limit, a model that is missing, an overload, a
 * defect. Undefined if the answer is about the request.
 */
export function providerFailure(status: number, body: string): string | undefined {
  const error = errorInBody(body);
  return isFailure(status, error) ? described(`HTTP ${status}`, error.message) : undefined;
}

/** Returns the same of an event of a stream, or of an answer that is one by its status alone. */
export function failureIn(event: unknown): string | undefined {
  const error = errorIn(event);
  if (!error) return undefined;
  const status = error.status ?? ([...error.codes].some((code) => BAD_REQUEST.has(code)) ? 400 : 500);
  return isFailure(status, error) ? described('an error in the answer', error.message) : undefined;
}

function isFailure(status: number, { message, codes }: ProviderError): boolean {
  const has = (known: ReadonlySet<string>): boolean => [...codes].some((code) => known.has(code));
  if (has(OF_REQUEST) || (status === 403 && MODERATED.test(message))) return false;
  if (status >= 500 || STATUSES.has(status)) return true;
  return status >= 400 && (has(OF_ACCOUNT) || (!FIELD.test(message) && ACCOUNT.test(message)));
}

function described(what: string, message: string): string {
  const text = startWithoutSecrets(message, 1_000).replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST);
  return text === '' ? what : `${what}: ${text}`;
}
