import type { Config } from '@nightcrier/core/settings/config';
import type { Secret } from '@nightcrier/core/settings/secret';
import { readSecret } from '@nightcrier/runtime/configuration/read-secret';
import type { Provider } from './dialects/dialect.ts';

/** How a provider is reached. */
export interface ProviderAccess {
  /** Without a slash at its end. */
  baseUrl: string;
  /** The header that carries the key. */
  headers: Record<string, string>;
}

const PUBLIC_URLS: Record<Provider, string> = {
  anthropic: 'https://api.anthropic.com',
  openai: 'https://api.openai.com/v1',
  gemini: 'https://generativelanguage.googleapis.com',
};

/** The agents that use each provider. */
const AGENTS: Record<Provider, ReadonlySet<string>> = {
  anthropic: new Set(['claude', 'goose']),
  openai: new Set(['codex', 'goose']),
  gemini: new Set(['gemini', 'goose']),
};

/** Returns whether runs of the agent use the provider. */
export function usesProvider(agent: string, provider: Provider): boolean {
  return AGENTS[provider].has(agent);
}

/** Reads the key and address of a provider; undefined if it has no key. @throws Error that names a file that cannot be read */
export async function accessOf(provider: Provider, config: Config): Promise<ProviderAccess | undefined> {
  const { key, url } = await settingsOf(provider, config);
  if (!key) return undefined;
  const baseUrl = (url ?? PUBLIC_URLS[provider]).replace(/\/$/, '');
  return { baseUrl, headers: keyHeader(provider, key.reveal()) };
}

async function settingsOf(
  provider: Provider,
  config: Config,
): Promise<{ key: Secret | undefined; url: string | undefined }> {
  switch (provider) {
    case 'anthropic':
      return {
        key: await readSecret(config.anthropic_api_key, config.anthropic_api_key_file),
        url: config.anthropic_base_url,
      };
    case 'openai':
      return { key: await readSecret(config.openai_api_key, config.openai_api_key_file), url: config.openai_base_url };
    case 'gemini':
      return {
        key: await readSecret(config.gemini_api_key, config.gemini_api_key_file),
        url: config.google_gemini_base_url,
      };
    default:
      return provider satisfies never;
  }
}

function keyHeader(provider: Provider, key: string): Record<string, string> {
  switch (provider) {
    case 'anthropic':
      return { 'x-api-key': key };
    case 'openai':
      return { authorization: `Bearer ${key}` };
    case 'gemini':
      return { 'x-goog-api-key': key };
    default:
      return provider satisfies never;
  }
}
