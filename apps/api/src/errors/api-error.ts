/** Error codes of the API and their HTTP status. */
export const API_ERRORS = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  host_not_allowed: 403,
  origin_not_allowed: 403,
  not_found: 404,
  incident_not_found: 404,
  member_not_found: 404,
  report_not_found: 404,
  evidence_not_found: 404,
  read_only: 405,
  key_not_found: 404,
  silence_not_found: 404,
  problem_not_found: 404,
  user_not_found: 404,
  session_not_found: 404,
  key_exists: 409,
  user_exists: 409,
  incident_open: 409,
  incident_ended: 409,
  queue_full: 409,
  request_timeout: 408,
  incident_corrupt: 410,
  body_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  too_many_wrong_keys: 429,
  headers_too_large: 431,
  internal: 500,
  redis_unavailable: 503,
  redis_unsuitable: 503,
} as const;
export type ApiErrorCode = keyof typeof API_ERRORS;

/** A failed request. Code and message are sent to the client. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;

  constructor(code: ApiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.code = code;
  }
}
