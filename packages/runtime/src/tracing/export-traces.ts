import type { Logger } from '@nightcrier/core/logger';
import { decoded, rememberSecret, rememberSecretsOf, SECRET_NAME } from '@nightcrier/core/settings/known-secrets';
import { proxiedAgent } from './proxied-agent.ts';
import { setRecorder } from './spans.ts';

/** Traces that are being exported. */
export interface TraceExport {
  /** Sends what is pending, within a few seconds. Idempotent; never rejects. */
  stop(): Promise<void>;
}

/** OpenTelemetry's variables for where traces go. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
/** `NAME=VALUE,…`, percent-encoded. The values are keys: receivers repeat them in their errors. */
const HEADERS = ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS'];
/** Characters. Of other headers, such as the name of a tenant, the value is shorter. */
const SHORTEST_KEY = 16;

/**
 * Exports traces to the OTLP/HTTP receiver that the environment names, by OpenTelemetry's variables. Without one, nothing is loaded.
 * @param service `service.name` of the resource, unless OTEL_SERVICE_NAME is set
 */
export async function exportTraces(
  service: string,
  environment: Record<string, string | undefined>,
  logger: Logger,
): Promise<TraceExport | undefined> {
  const endpoint = ENDPOINTS.map((name) => environment[name] ?? '').find((value) => value !== '');
  if (endpoint === undefined || environment.OTEL_SDK_DISABLED === 'true') return undefined;
  rememberSecretsOf(endpoint);
  HEADERS.forEach((name) => rememberHeaders(environment[name] ?? ''));
  const { openExporter } = await import('./otlp.ts');
  const agent = proxiedAgent(endpoint, environment, logger);
  const { record, stop } = openExporter(environment.OTEL_SERVICE_NAME || service, logger, agent);
  setRecorder(record);
  let stopped: Promise<void> | undefined;
  return {
    stop: () => {
      setRecorder(undefined);
      stopped ??= stop();
      return stopped;
    },
  };
}

function rememberHeaders(list: string): void {
  for (const entry of list.split(',')) {
    const [, name = '', text = ''] = /^([^=]*)=(.*)$/.exec(entry.trim()) ?? [];
    const value = decoded(text.trim());
    if (SECRET_NAME.test(name) || value.length >= SHORTEST_KEY) rememberSecret(value);
  }
}
