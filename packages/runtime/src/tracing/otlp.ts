import { type Context, diag, DiagLogLevel, ROOT_CONTEXT, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type IdGenerator, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from '@nightcrier/core/logger';
import type { AgentOptions } from 'node:https';
import { hideSecrets, startWithoutSecrets } from '@nightcrier/core/settings/known-secrets';
import { VERSION } from '@nightcrier/core/version';
import { z } from 'zod';
import type { EndedSpan } from './spans.ts';
import { type TraceIds, traceIdsOf } from './trace-ids.ts';

const LOG_INTERVAL_MS = 60_000;

/** Gives the span of an incident its ids, which every process knows; others get random ones. */
class IncidentIds implements IdGenerator {
  readonly #random = new RandomIdGenerator();
  #next: TraceIds | undefined;

  readonly generateTraceId = (): string => this.#next?.traceId ?? this.#random.generateTraceId();
  readonly generateSpanId = (): string => this.#next?.rootSpanId ?? this.#random.generateSpanId();

  /** Runs `start`, which starts one span, with these ids. */
  during<Result>(ids: TraceIds, start: () => Result): Result {
    this.#next = ids;
    try {
      return start();
    } finally {
      this.#next = undefined;
    }
  }
}

/**
 * Opens the exporter that the variables of OpenTelemetry configure. Only this module depends on its SDK.
 * @param agent in place of the one that these variables describe
 */
export function openExporter(
  service: string,
  logger: Logger,
  agent: AgentOptions | undefined,
): { record: (span: EndedSpan) => void; stop: () => Promise<void> } {
  logFailures(logger);
  const ids = new IncidentIds();
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': service, 'service.version': VERSION })),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(agent && { httpAgentOptions: agent }) })],
  });
  const tracer = provider.getTracer('nightcrier', VERSION);
  return {
    record: ({ incidentId, name, start, end, attributes = {}, error }) => {
      const known = traceIdsOf(incidentId);
      if (!known) return;
      const options = { startTime: start, attributes: { 'nightcrier.incident_id': incidentId, ...hidden(attributes) } };
      const span =
        name === 'incident'
          ? ids.during(known, () => tracer.startSpan(name, { ...options, root: true }, ROOT_CONTEXT))
          : tracer.startSpan(name, options, below(known));
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: hideSecrets(error) });
      span.end(Math.max(start, end));
    },
    stop: async () => {
      // A receiver that is unreachable must not keep the process.
      await provider.shutdown().catch(() => undefined);
    },
  };
}

/** The span of the incident, which another process may record later. */
function below({ traceId, rootSpanId }: TraceIds): Context {
  const parent = { traceId, spanId: rootSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

function hidden(attributes: NonNullable<EndedSpan['attributes']>): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === 'string' ? hideSecrets(value) : value]],
    ),
  );
}

/** The SDK reports failures of the export through its own logger. Logs one a minute. */
function logFailures(logger: Logger): void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  const warn = (error: string): void => {
    if (performance.now() - loggedAt < LOG_INTERVAL_MS) return;
    loggedAt = performance.now();
    logger.warn({ error: startWithoutSecrets(reasonIn(error), 500) }, 'traces not exported');
  };
  const ignore = (): void => undefined;
  const sink = { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(sink, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

const Failure = z.object({
  message: z.string(),
  code: z.union([z.number(), z.string()]).optional(),
  data: z.string().optional(),
});

/** The SDK writes an error as JSON with its stack first, which leaves no room for what the receiver answered. */
function reasonIn(text: string): string {
  try {
    const { message, code, data } = Failure.parse(JSON.parse(text));
    return [message, ...(code === undefined ? [] : [String(code)]), ...(data ? [data] : [])].join(': ');
  } catch {
    return text;
  }
}
