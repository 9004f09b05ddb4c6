import type { AllowedRequest } from './kube-request.ts';
import { headerProblem } from './request-headers.ts';
import { type Denial, deny } from './denial.ts';
import { readQuery } from './request-query.ts';
import { segmentsOf } from './request-path.ts';
import { route } from './route.ts';

/** A request as it arrived, before anything is interpreted. */
export interface RawRequest {
  method: string;
  /** The request target of the request line. */
  target: string;
  /** Names and values of the headers in turn, as Node's `rawHeaders`. */
  rawHeaders: readonly string[];
  /** `triage.allow_secrets_access` of the cluster. */
  allowSecrets: boolean;
}

export type KubeDecision = { allow: true; request: AllowedRequest } | ({ allow: false } & Denial);

/**
 * Decides whether a request may be sent to the API server. It is an allow-list: a request that is not known to read is denied. The
 * path must be in its plain form, so that the API server cannot read it otherwise than this function does.
 */
export function classify({ method, target, rawHeaders, allowSecrets }: RawRequest): KubeDecision {
  const denial = denialOf(method, rawHeaders);
  if (denial) return { allow: false, ...denial };
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const segments = segmentsOf(path);
  if ('code' in segments) return { allow: false, ...segments };
  const routed = route(method, segments.segments, allowSecrets);
  if ('code' in routed) return { allow: false, ...routed };
  const query = readQuery(mark === -1 ? '' : target.slice(mark + 1), routed);
  if ('code' in query) return { allow: false, ...query };
  const { kind, review } = routed;
  return {
    allow: true,
    request: {
      kind: query.watch ? 'watch' : kind,
      method: kind === 'review' ? 'POST' : 'GET',
      path,
      query: query.text,
      ...(review && { review }),
      ...(query.follow && { follow: true }),
    },
  };
}

function denialOf(method: string, rawHeaders: readonly string[]): Denial | undefined {
  if (method !== 'GET' && method !== 'POST') {
    return deny('method', `${/^[A-Z]{1,20}$/.test(method) ? method : 'this method'} is not a read`);
  }
  return headerProblem(method, rawHeaders);
}
