import { rememberSecret } from '@nightcrier/core/settings/known-secrets';
import { rememberOrigins } from '../configuration/setting-origins.ts';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { ConfigError } from '../configuration/config-error.ts';
import { namedConfigFile } from '../configuration/config-files.ts';
import { followProxies } from '../configuration/follow-proxies.ts';
import { type ConfigSources, type LoadedConfig, loadConfig } from '../configuration/load-config.ts';
import { type LoadReply, type LoadRequest, openSecrets } from './load-message.ts';

/** Bytes of a file that takes about 50 ms to load. */
const LARGE = 256 * 1024;

/**
 * Loads the configuration for the start of a process. A thread loads a large file: with 10,000 clusters it takes 90 MB, which
 * a process would keep, and a thread gives back when it ends.
 * @throws ConfigError as {@link loadConfig}
 */
export function loadStartConfig(sources: ConfigSources): Promise<LoadedConfig> {
  return reloadConfig(sources, namedConfigFile(sources.flags ?? {}, sources.environment));
}

/**
 * Loads the configuration of a running process again. A large file is loaded in a thread of its own: with 10,000 clusters it
 * takes seconds, in which leases would expire and requests would wait.
 * @param file the file that was loaded before
 * @param large bytes from which a thread loads the file
 * @throws ConfigError as {@link loadConfig}
 */
export async function reloadConfig(
  sources: ConfigSources,
  file: string | undefined,
  large: number = LARGE,
): Promise<LoadedConfig> {
  const { size } = file === undefined ? { size: 0 } : await stat(file).catch(() => ({ size: 0 }));
  if (size < large) return loadConfig(sources);
  followProxies(sources.environment);
  const { flags = {}, environment, process } = sources;
  const request: LoadRequest = { flags, environment: { ...environment }, process };
  const thread = new Worker(new URL('load-thread.ts', import.meta.url), { workerData: request });
  const [reply]: LoadReply[] = await once(thread, 'message');
  await thread.terminate();
  if (reply === undefined) throw new Error('the thread that loads the configuration sent nothing');
  for (const secret of reply.secrets) rememberSecret(secret);
  if ('problems' in reply) throw new ConfigError(reply.source, reply.problems, reply.count);
  const { config, warnings, origins } = reply;
  rememberOrigins(origins);
  return { config: openSecrets(config), warnings, ...(reply.file !== undefined && { file: reply.file }) };
}
