import { knownSecrets } from '@nightcrier/core/settings/known-secrets';
import { knownOrigins } from '../configuration/setting-origins.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError } from '../configuration/config-error.ts';
import { loadConfig } from '../configuration/load-config.ts';
import { type LoadReply, LoadRequest, sealSecrets } from './load-message.ts';

/** The thread of `reload-config.ts`: loads the configuration once and ends. */
async function load(): Promise<LoadReply> {
  const { flags, environment, process } = LoadRequest.parse(workerData);
  try {
    const { config, file, warnings } = await loadConfig({ flags, environment, process });
    return { config: sealSecrets(config), file, warnings, secrets: knownSecrets(), origins: knownOrigins() };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { source: error.source, problems: error.problems, count: error.count, secrets: knownSecrets() };
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(await load());
