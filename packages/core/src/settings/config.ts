import { z } from 'zod';
import type { ClusterConfig } from '../clusters/cluster-config.ts';
import { agents, providers } from './sections/agents.ts';
import { alerts } from './sections/alerts.ts';
import { auth, authShape, oidc, proxy, tls } from './sections/api-access.ts';
import { connections } from './sections/connections.ts';
import { metrics } from './sections/metrics.ts';
import { monitoring } from './sections/monitoring.ts';
import { gateway } from './sections/gateway.ts';
import { notifications } from './sections/notifications.ts';
import { problems } from './sections/problems.ts';
import { api, processes, storage } from './sections/processes.ts';
import { queue } from './sections/queue.ts';
import { silences } from './sections/silences.ts';
import { routing } from './sections/receivers.ts';
import { redis, sentinel } from './sections/redis.ts';

export { AGENT_CLIS, type AgentCli } from './agent-cli.ts';

/** The settings under the headings that `--help-all` and the example file show. `parent`: the key that they are nested in, below its own. */
export const SECTIONS: readonly { heading: string; parent?: string; shape: z.ZodRawShape }[] = [
  { heading: 'Cluster connections', shape: connections },
  { heading: 'Alerts', parent: 'alerts', shape: alerts },
  { heading: 'Admission and queue', shape: queue },
  { heading: 'Problems', shape: problems },
  { heading: 'Agents', shape: agents },
  { heading: 'Model providers', shape: providers },
  { heading: 'Prometheus and Alertmanager', parent: 'monitoring', shape: monitoring },
  { heading: 'Gateway', shape: gateway },
  { heading: 'Notifications', shape: notifications },
  { heading: 'Silences', shape: silences },
  { heading: 'Storage', shape: storage },
  { heading: 'Processes', shape: processes },
  { heading: 'Redis', parent: 'redis', shape: redis },
  { heading: 'Redis Sentinel', parent: 'redis.sentinel', shape: sentinel },
  { heading: 'API', parent: 'api', shape: api },
  { heading: 'Login', parent: 'api.auth', shape: auth },
  { heading: 'OpenID Connect', parent: 'api.auth.oidc', shape: oidc },
  { heading: 'Authenticating proxy', parent: 'api.auth.proxy', shape: proxy },
  { heading: 'TLS of the API', parent: 'api.tls', shape: tls },
  { heading: 'Metrics of a process', parent: 'metrics', shape: metrics },
];

/**
 * Every setting but the clusters. A setting is declared once, in a section; `setting-list.ts` derives the rest, but for routes
 * and receivers, which are trees.
 * Durations are in seconds once parsed.
 */
export const Settings = z.strictObject({
  ...connections,
  ...queue,
  ...problems,
  ...agents,
  ...providers,
  ...gateway,
  ...notifications,
  ...silences,
  ...storage,
  ...processes,
  ...routing,
  alerts: z.strictObject(alerts).prefault({}),
  monitoring: z.strictObject(monitoring).prefault({}),
  redis: z.strictObject({ ...redis, sentinel: z.strictObject(sentinel).prefault({}) }).prefault({}),
  api: z
    .strictObject({
      ...api,
      auth: z.strictObject(authShape).prefault({}),
      tls: z.strictObject(tls).prefault({}),
    })
    .prefault({}),
  metrics: z.strictObject(metrics).prefault({}),
});
export type Settings = z.infer<typeof Settings>;

/** The whole configuration, validated: {@link Settings} and at least one cluster. */
export type Config = Settings & { clusters: ClusterConfig[] };
