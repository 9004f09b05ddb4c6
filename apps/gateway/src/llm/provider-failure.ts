import { isObject } from './json.ts';

const LONGEST = 300;

/** Errors of a request that say that the account cannot be used, as the providers word them. */
const ACCOUNT =
  /credit balance|billing|insufficient[_ ]quota|quota|spend(?:ing)? limit|usage limit|organization has been disabled|account.{0,20}(?:disabled|deactivated)|API key not valid/i;

/**
 * Returns why the provider cannot be used now, from its answer: a refused key, no credit, a limit, an overload, a defect. Undefined if
 * the answer is about the request.
 */
export function providerFailure(status: number, body: string): string | undefined {
  const message = messageOf(body);
  const isAccount = status >= 400 && status < 500 && ACCOUNT.test(message);
  if (!isAccount && ![401, 402, 403, 429].includes(status) && status < 500) return undefined;
  return `HTTP ${status}${message === '' ? '' : `: ${message}`}`;
}

function messageOf(body: string): string {
  let message = body;
  try {
    const parsed: unknown = JSON.parse(body);
    const [first]: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
    const error = isObject(first) ? first.error : undefined;
    if (isObject(error) && typeof error.message === 'string') message = error.message;
    else if (typeof error === 'string') message = error;
  } catch {
    // A gateway of its own in front of the provider may answer with text.
  }
  return message.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST);
}
