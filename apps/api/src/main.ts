import { runProcess } from '@nightcrier/runtime/process/run-process';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import { startApi } from './app.ts';

await runProcess('api', async (config, logger) => {
  const { api, redis, clusters, shutdown_timeout } = config;
  if (!namesRedis(redis)) throw new Error('redis.url is not set; `nightcrier up` starts a Redis of its own');
  return startApi({
    host: api.host,
    port: api.port,
    accessKey: api.access_key,
    accessKeyFile: api.access_key_file,
    allowAnonymous: api.allow_anonymous,
    publicUrl: config.public_url,
    redis,
    clusters,
    admission: config,
    shutdownTimeout: shutdown_timeout,
    logger,
  });
});
