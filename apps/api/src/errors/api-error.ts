import { HTTP_ERRORS, HttpError } from '@nightcrier/runtime/http/http-error';

/** Error codes of the API and their HTTP status. */
export const API_ERRORS = {
  ...HTTP_ERRORS,
  forbidden: 403,
  host_not_allowed: 403,
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
  incident_corrupt: 410,
  redis_unavailable: 503,
  redis_unsuitable: 503,
} as const;
export type ApiErrorCode = keyof typeof API_ERRORS;

/** A failed request. Code and message are sent to the client. */
export class ApiError extends HttpError<ApiErrorCode> {
  constructor(code: ApiErrorCode, message: string, options?: ErrorOptions) {
    super(code, API_ERRORS[code], message, options);
    this.name = 'ApiError';
  }
}
