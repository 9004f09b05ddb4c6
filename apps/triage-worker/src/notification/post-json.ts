import { DeliveryError, type DeliveryFailure } from './delivery-error.ts';

const TIMEOUT_MS = 10_000;
/** What is read of an answer. */
const LONGEST_ANSWER = 64 * 1024;
/** When a target limits the rate and does not say for how long, and the longest that it is believed, ms. */
const DEFAULT_PAUSE = 30_000;
const LONGEST_PAUSE = 3_600_000;
/** A body that one of these answers is refused the next time too. What is wrong with an address or a key can be mended. */
const REFUSED = new Set([400, 413, 415, 422]);

/**
 * Posts JSON and gives the answer's body. Redirections are not followed: they could take a key elsewhere.
 * @param target names the receiver in errors; its address may be a secret
 * @throws DeliveryError for everything but a 2xx
 */
export async function postJson(
  target: string,
  url: string,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<string> {
  let response: Response;
  let answer: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    answer = await readBounded(response);
  } catch (cause) {
    throw new DeliveryError(`${target} cannot be reached: ${why(cause)}`, { kind: 'failed' }, { cause });
  }
  if (response.ok) return answer;
  const said = answer.replaceAll(/\s+/g, ' ').slice(0, 200);
  throw new DeliveryError(`${target} answered ${response.status}: ${said}`, failureOf(response));
}

function failureOf({ status, headers }: Response): DeliveryFailure {
  const pause = headers.get('retry-after');
  if (status === 429 || (status === 503 && pause !== null)) return { kind: 'limited', milliseconds: readPause(pause) };
  return { kind: REFUSED.has(status) ? 'refused' : 'failed' };
}

/** `Retry-After`: seconds, or a date. */
function readPause(value: string | null): number {
  const milliseconds = /^\d+$/.test(value ?? '') ? Number(value) * 1000 : Date.parse(value ?? '') - Date.now();
  if (Number.isNaN(milliseconds)) return DEFAULT_PAUSE;
  return Math.min(Math.max(milliseconds, 1_000), LONGEST_PAUSE);
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LONGEST_ANSWER) break;
  }
  return text.slice(0, LONGEST_ANSWER);
}

/** Node says no more than "fetch failed", and the rest in the cause. */
function why(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
