import type { Logger } from '@nightcrier/core/logger';
import { proxyFor } from '@nightcrier/core/settings/proxies';
import { readFileSync } from 'node:fs';
import type { AgentOptions } from 'node:https';

/**
 * Returns how the receiver of traces is reached through the proxy that the environment names; undefined where none applies.
 * OpenTelemetry's SDK knows no proxies, and with these options it no longer reads the certificates that its variables name.
 */
export function proxiedAgent(
  endpoint: string,
  environment: Record<string, string | undefined>,
  logger: Logger,
): AgentOptions | undefined {
  const url = URL.parse(endpoint);
  const proxy = url ? proxyFor(url) : undefined;
  if (proxy === undefined) return undefined;
  const content = (name: string): Buffer | undefined => {
    const file = environment[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || environment[`OTEL_EXPORTER_OTLP_${name}`];
    if (!file) return undefined;
    try {
      return readFileSync(file);
    } catch (error) {
      logger.warn({ file, error }, 'certificate of the receiver of traces not read');
      return undefined;
    }
  };
  return {
    keepAlive: true,
    proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy },
    ca: content('CERTIFICATE'),
    cert: content('CLIENT_CERTIFICATE'),
    key: content('CLIENT_KEY'),
  };
}
