import { ExitError } from '@nightcrier/runtime/exit-code';
import type { Config } from '@nightcrier/core/settings/config';
import type { Logger } from '@nightcrier/core/logger';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import { accessSettings } from './access/access-settings.ts';
import { type RunningApi, startApi } from './app.ts';

/** Starts the API of a configuration. @throws Error when the configuration names no Redis; see also {@link startApi} */
export async function startConfiguredApi(config: Config, logger: Logger): Promise<RunningApi> {
  const { api, redis, clusters, shutdown_timeout } = config;
  const { cert_file: certFile, key_file: keyFile } = api.tls;
  if (!namesRedis(redis))
    throw new ExitError('configuration', 'redis.url is not set; `nightcrier up` starts a Redis of its own');
  return startApi({
    ...accessSettings(config),
    port: api.port,
    certificate: certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined,
    redis,
    clusters,
    metricsPerCluster: api.metrics_per_cluster,
    dailyBudget: config.llm_budgets.per_day,
    admission: config,
    workspaceRoot: config.workspace_root,
    config,
    shutdownTimeout: shutdown_timeout,
    logger,
  });
}
