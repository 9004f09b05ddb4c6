/** What a request asks for. The list is closed. */
export type RequestKind = 'get' | 'list' | 'watch' | 'log' | 'discovery' | 'openapi' | 'version' | 'review';

/** A request that may be sent to the API server, built anew from its checked parts. */
export interface AllowedRequest {
  kind: RequestKind;
  method: 'GET' | 'POST';
  path: string;
  /** With `?`, or empty. */
  query: string;
  /** Of a `review`: what its body must be. */
  review?: Review;
  /** Of a `log`: it goes on until the container ends. */
  follow?: boolean;
}

export interface Review {
  apiVersion: string;
  kind: string;
}
