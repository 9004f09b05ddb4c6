import { z } from 'zod';
import type { EvidenceGap, MetricsPiece } from '../evidence.ts';
import { shellWord } from '../kubectl-command.ts';
import { metricQueries, type MetricQuery, type MetricSubject } from './metric-queries.ts';
import { type MonitoringClient, MonitoringError } from './monitoring-client.ts';

/** The answer to an instant query: a vector. */
const Answer = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

const CONCURRENCY = 4;
const MOST_SERIES = 50;

/**
 * Asks a Prometheus the fixed queries about a subject. What it has no metrics for gives nothing; a query that fails is a gap. A
 * server that does not answer at all is one gap, and is asked no more.
 * @throws the signal's reason
 */
export async function readMetrics(
  client: MonitoringClient,
  url: string,
  subject: MetricSubject,
  now: () => Date,
): Promise<(MetricsPiece | EvidenceGap)[]> {
  const queries = metricQueries(subject);
  const pieces: (MetricsPiece | EvidenceGap)[] = [];
  for (let from = 0; from < queries.length; from += CONCURRENCY) {
    const found = await Promise.all(
      queries.slice(from, from + CONCURRENCY).map(async (query) => readMetric(client, url, query, now)),
    );
    const away = found.find((piece) => piece?.type === 'gap' && piece.code !== 'http');
    if (away) return [...pieces, away];
    pieces.push(...found.filter((piece) => piece !== undefined));
  }
  return pieces;
}

async function readMetric(
  client: MonitoringClient,
  url: string,
  { name, meaning, promql }: MetricQuery,
  now: () => Date,
): Promise<MetricsPiece | EvidenceGap | undefined> {
  const provenance = { command: `promtool query instant ${url} ${shellWord(promql)}`, at: now().toISOString() };
  try {
    const answer = Answer.safeParse(await client.getJson(url, '/api/v1/query', [['query', promql]]));
    if (!answer.success)
      return { ...provenance, type: 'gap', code: 'http', reason: `${url} did not answer with a vector` };
    const series = answer.data.data.result
      .map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }))
      .filter(({ value }) => Number.isFinite(value))
      .sort((one, other) => other.value - one.value)
      .slice(0, MOST_SERIES);
    return series.length === 0 ? undefined : { ...provenance, type: 'metrics', name, meaning, query: promql, series };
  } catch (error) {
    if (!(error instanceof MonitoringError)) throw error;
    return { ...provenance, type: 'gap', code: error.code, reason: error.message };
  }
}
