/** Why a request is denied. The list is closed. */
export type DenialCode =
  /** The method writes, or is unknown. */
  | 'method'
  /** The request target is not a plain path. */
  | 'path'
  /** Not a part of the API that agents read. */
  | 'endpoint'
  | 'subresource'
  /** Secrets or ConfigMaps, without `allow_secrets_access`. */
  | 'secrets'
  | 'query'
  | 'header'
  | 'body';

/** A refusal. `reason` ends a sentence that begins with why agents may not do it. */
export interface Denial {
  code: DenialCode;
  reason: string;
}

export function deny(code: DenialCode, reason: string): Denial {
  return { code, reason };
}
