import { useProxies } from '@nightcrier/core/settings/proxies';
import { ConfigError } from './config-error.ts';

/** Makes the outgoing requests of this process follow the proxies of an environment. @throws ConfigError when one is not a URL */
export function followProxies(environment: Record<string, string | undefined>): void {
  try {
    useProxies(environment);
  } catch (error) {
    throw new ConfigError('environment', [error instanceof Error ? error.message : String(error)]);
  }
}
