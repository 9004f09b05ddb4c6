import { outgoing } from '@nightcrier/cluster/outgoing/dispatcher';
import type { Config } from '@nightcrier/core/settings/config';
import { getStreamAsBuffer } from 'get-stream';
import { request } from 'undici';
import type { Provider } from './dialects/dialect.ts';
import { providerFailure } from './provider-failure.ts';
import { accessOf } from './providers.ts';

/**
 * What a provider makes of the configured key.
 * - `missing`: no key is configured, or its file cannot be read.
 * - `refused`: the provider refuses the key or its account.
 * - `unknown`: something else answers, such as a proxy that has no list of models.
 */
export interface KeyCheck {
  kind: 'accepted' | 'missing' | 'refused' | 'unreachable' | 'unknown';
  /** Without the path. */
  url: string;
  reason: string;
}

/** The list of models, which costs nothing. */
const MODELS: Record<Provider, string> = {
  anthropic: '/v1/models?limit=1',
  openai: '/models',
  gemini: '/v1beta/models?pageSize=1',
};
const LONGEST = 1024 * 1024;

/** Asks a provider for its models with the configured key and address. Never rejects. */
export async function checkKey(provider: Provider, config: Config, signal: AbortSignal): Promise<KeyCheck> {
  let url = provider as string;
  try {
    const access = await accessOf(provider, config);
    if (!access) return { kind: 'missing', url, reason: 'no key is configured' };
    url = access.baseUrl;
    const headers = { ...access.headers, ...(provider === 'anthropic' && { 'anthropic-version': '2023-06-01' }) };
    const { statusCode, body } = await request(`${url}${MODELS[provider]}`, {
      headers,
      signal,
      dispatcher: outgoing(),
    });
    const text = (await getStreamAsBuffer(body, { maxBuffer: LONGEST })).toString('utf8');
    return { url, ...judge(statusCode, text) };
  } catch (error) {
    const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
    return { kind: 'unreachable', url, reason: inner instanceof Error ? inner.message : String(inner) };
  }
}

function judge(status: number, text: string): Pick<KeyCheck, 'kind' | 'reason'> {
  // A proxy may have no list of models.
  const failure = status === 404 || status === 405 ? undefined : providerFailure(status, text);
  if (failure !== undefined) return { kind: status >= 500 ? 'unreachable' : 'refused', reason: failure };
  if (status >= 300) return { kind: 'unknown', reason: `HTTP ${status} in place of a list of models` };
  try {
    JSON.parse(text);
    return { kind: 'accepted', reason: '' };
  } catch {
    return { kind: 'unknown', reason: 'the answer is no list of models, as of a login page' };
  }
}
