import { outgoing } from '@nightcrier/cluster/outgoing/dispatcher';
import { startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import getStream, { MaxBufferError } from 'get-stream';
import { type Dispatcher, fetch, type Response } from 'undici';
import { DeliveryError, type DeliveryFailure } from '../delivery-error.ts';

const TIMEOUT_MS = 10_000;
/** Characters read of a response. */
const LONGEST_RESPONSE = 64 * 1024;
/** Pause when a target limits the rate without a time, and the longest pause that is accepted, ms. */
const DEFAULT_PAUSE = 30_000;
const LONGEST_PAUSE = 3_600_000;
/** Statuses of a body that the target will always refuse. A wrong address or key can be fixed. */
const REFUSED = new Set([400, 413, 415, 422]);

export interface PostRequest {
  body: string;
  /** In addition to the type of the content, which is JSON unless they say otherwise. */
  headers?: Record<string, string>;
  signal: AbortSignal;
  /** Connections, in place of those of all outgoing requests. */
  dispatcher?: Dispatcher;
}

export interface PostAnswer {
  status: number;
  /** The start of the body. */
  text: string;
}

/**
 * Posts a request and returns the answer. Does not follow redirects: they could send a key elsewhere.
 * @param target names the receiver in errors; its address may be a secret
 * @throws DeliveryError unless the status is 2xx and the body is not a web page
 */
export async function post(
  target: string,
  url: string,
  { body, headers = {}, signal, dispatcher = outgoing() }: PostRequest,
): Promise<PostAnswer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
      redirect: 'manual',
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    text = await readStart(response);
  } catch (cause) {
    throw new DeliveryError(`${target} is unreachable: ${describe(cause)}`, { kind: 'failed' }, { cause });
  }
  if (!response.ok) {
    throw new DeliveryError(`${target} answered ${response.status}: ${excerpt(text)}`, failureOf(response));
  }
  // The login page of a proxy or gateway.
  if (/^\s*text\/html\b/i.test(response.headers.get('content-type') ?? '')) throw notTheService(target, text);
  return { status: response.status, text };
}

/**
 * Sends a HEAD request, which delivers nothing. Any answer of the service itself will do: most refuse the method.
 * @throws DeliveryError when it is unreachable, or something else answers
 */
export async function reach(target: string, url: string, signal: AbortSignal): Promise<'reachable'> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'HEAD',
      redirect: 'manual',
      dispatcher: outgoing(),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (cause) {
    throw new DeliveryError(`${target} is unreachable: ${describe(cause)}`, { kind: 'failed' }, { cause });
  }
  const { status, headers } = response;
  if (status >= 500) throw new DeliveryError(`${target} answered ${status}`, { kind: 'failed' });
  const isPage = status < 400 && (status >= 300 || /^\s*text\/html\b/i.test(headers.get('content-type') ?? ''));
  if (isPage) throw notTheService(target, status >= 300 ? `a redirect (${status})` : `a web page (${status})`);
  return 'reachable';
}

/** Returns the error for an answer that the service does not give: the message has not arrived. */
export function notTheService(target: string, text: string): DeliveryError {
  return new DeliveryError(`${target} did not answer as it does: ${excerpt(text)}`, { kind: 'failed' });
}

function excerpt(text: string): string {
  return startWithoutSecrets(text, 1_000).replaceAll(/\s+/g, ' ').slice(0, 200);
}

function failureOf({ status, headers }: Response): DeliveryFailure {
  const pause = headers.get('retry-after');
  if (status === 429 || (status === 503 && pause !== null)) return { kind: 'limited', milliseconds: readPause(pause) };
  return { kind: REFUSED.has(status) ? 'refused' : 'failed' };
}

/** Reads `Retry-After`: seconds, or a date. */
function readPause(value: string | null): number {
  const milliseconds = /^\d+$/.test(value ?? '') ? Number(value) * 1000 : Date.parse(value ?? '') - Date.now();
  if (Number.isNaN(milliseconds)) return DEFAULT_PAUSE;
  return Math.min(Math.max(milliseconds, 1_000), LONGEST_PAUSE);
}

/** Reads the body, or the start of one that is too long. */
async function readStart({ body }: Response): Promise<string> {
  if (!body) return '';
  try {
    return await getStream(body, { maxBuffer: LONGEST_RESPONSE });
  } catch (error) {
    if (error instanceof MaxBufferError && 'bufferedData' in error) return String(error.bufferedData);
    throw error;
  }
}

/** Node reports "fetch failed", and the cause in `cause`. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
