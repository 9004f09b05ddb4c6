import { z } from 'zod';
import { ALERT_OUTCOMES, UnassignedAlert } from '../alerts/alert-outcome.ts';
import { ClusterHealth, RefusedConfiguration } from '../clusters/cluster-health.ts';
import { IngesterHealth } from '../clusters/ingester-health.ts';
import { WorkerIsolation } from '../gateway/isolation.ts';
import { Books } from '../incidents/books.ts';
import { RedisHealth } from '../redis-health.ts';
import type { ApiRoute } from './route.ts';

const Alive = z.object({ status: z.literal('ok') });

/** The agents while they are degraded. */
const DegradedAgents = z.object({
  state: z.enum(['working', 'degraded']),
  failures_in_row: z.number(),
  reason: z.string().optional(),
  since: z.string().optional(),
  passed_over: z.number().optional(),
});

export const GatewayHealth = z.object({
  id: z.string(),
  host: z.string(),
  /** Seconds since its start; missing for one of an earlier version. */
  age_seconds: z.number().optional(),
  last_seen: z.string(),
});
export type GatewayHealth = z.infer<typeof GatewayHealth>;

/** A target of a receiver whose last delivery failed. */
export const FailingReceiver = z.object({
  receiver: z.string(),
  target: z.string(),
  failing_since: z.string(),
  failures: z.number(),
  last_error: z.string().optional(),
});
export type FailingReceiver = z.infer<typeof FailingReceiver>;

export const AlertHealth = z.object({
  /** Alerts that were received since the installation. */
  received: z.record(z.enum(ALERT_OUTCOMES), z.number()),
  /** The latest of those that name no configured cluster, or nothing in it. */
  unassigned: z.array(UnassignedAlert),
});
export type AlertHealth = z.infer<typeof AlertHealth>;

/** The body of `GET /health/clusters`: that of design.md ("Health Status Structure"), with additions. */
export const Health = z.object({
  clusters: z.array(ClusterHealth),
  summary: z.object({
    total: z.number(),
    active: z.number(),
    unhealthy: z.number(),
    degraded: z.number(),
    triage_enabled: z.number(),
  }),
  ingesters: z.array(IngesterHealth),
  configuration: RefusedConfiguration.optional(),
  agents: DegradedAgents.optional(),
  alerts: AlertHealth.optional(),
  redis: RedisHealth.optional(),
  gateways: z.array(GatewayHealth).optional(),
  isolation: z.array(WorkerIsolation).optional(),
  receivers: z.array(FailingReceiver).optional(),
});
export type Health = z.infer<typeof Health>;

export const IS_ALIVE = {
  method: 'GET',
  path: '/healthz',
  tag: 'health',
  role: 'open',
  summary: 'Answers while the process runs',
  answers: { 200: Alive },
} as const satisfies ApiRoute;

export const IS_READY = {
  method: 'GET',
  path: '/readyz',
  tag: 'health',
  role: 'open',
  summary: 'Answers 200 while Redis can be used',
  answers: { 200: Alive },
} as const satisfies ApiRoute;

export const GET_HEALTH = {
  method: 'GET',
  path: '/health/clusters',
  tag: 'health',
  role: 'viewer',
  summary: 'Returns the health of every cluster and of the parts of Nightcrier',
  answers: { 200: Health },
} as const satisfies ApiRoute;

export const GET_METRICS = {
  method: 'GET',
  path: '/metrics',
  tag: 'health',
  role: 'viewer',
  summary: 'Returns the metrics in the text format of Prometheus',
  answers: { 200: z.string() },
  contentTypes: ['text/plain'],
} as const satisfies ApiRoute;

export const GET_BOOKS = {
  method: 'GET',
  path: '/api/books',
  tag: 'queue',
  role: 'viewer',
  summary: 'Returns the books at one instant, and whether they balance',
  answers: { 200: Books },
} as const satisfies ApiRoute;

export const GET_QUEUE = {
  method: 'GET',
  path: '/api/queue',
  tag: 'queue',
  role: 'viewer',
  summary: 'Counts the jobs of the triage queue by state',
  answers: {
    200: z.object({
      waiting: z.number(),
      /** Jobs that are retried later, and parked ones. */
      delayed: z.number(),
      active: z.number(),
      completed: z.number(),
      failed: z.number(),
    }),
  },
} as const satisfies ApiRoute;
