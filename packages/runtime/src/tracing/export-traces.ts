import type { Logger } from '@nightcrier/core/logger';
import { proxiedAgent } from './proxied-agent.ts';
import { setRecorder } from './spans.ts';

/** Traces that are being exported. */
export interface TraceExport {
  /** Sends what is pending, within a few seconds. Idempotent; never rejects. */
  stop(): Promise<void>;
}

/** OpenTelemetry's variables for where traces go. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

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
