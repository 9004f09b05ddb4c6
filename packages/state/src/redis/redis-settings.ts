import type { Config } from '@nightcrier/core/settings/config';
import { namesRedis } from '@nightcrier/core/settings/names-redis';
import { Secret, secretProblem } from '@nightcrier/core/settings/secret';
import type { RedisOptions } from 'ioredis';
import { readFileSync } from 'node:fs';

type Configured = Config['redis'];

/** Which Redis, how it is reached, and the prefix of all keys in it: the section `redis` of the configuration. */
export type RedisSettings = Pick<Configured, 'key_prefix'> & {
  [key in Exclude<keyof Configured, 'key_prefix'>]?: Configured[key] | undefined;
};

const PORT = 6379;
const SENTINEL_PORT = 26_379;

/** Returns where Redis is, for logs: no user, no password. */
export function describeAddress({ url, sentinel }: RedisSettings): string {
  if (sentinel?.hosts) return `${sentinel.name} of ${sentinel.hosts.join(', ')}`;
  const { hostname, port } = new URL(url ?? '');
  return `${hostname}:${port || PORT}`;
}

/**
 * Returns what ioredis needs to reach Redis. Files of certificates are read now, those of passwords as well; see
 * {@link currentPasswords}.
 * @throws Error when no Redis is configured, or a file cannot be read
 */
export function addressOptions(settings: RedisSettings): RedisOptions {
  if (!namesRedis(settings)) throw new Error('redis.url is not set');
  const url = settings.url === undefined ? undefined : new URL(settings.url);
  const username = settings.username ?? (url && decodeURIComponent(url.username));
  const tls = tlsOptions(settings, url);
  return {
    ...(username && { username }),
    ...passwordsOf(settings),
    db: Number(url?.pathname.slice(1) || 0),
    ...(tls && { tls }),
    ...(settings.sentinel?.hosts ? sentinelOptions(settings.sentinel, tls) : url && standaloneOptions(url)),
  };
}

/**
 * Returns the passwords as they are now: files are read again at each connect, so that a rotated password takes effect.
 * @throws Error that names the file when one cannot be read
 */
export function currentPasswords(settings: RedisSettings): Pick<RedisOptions, 'password' | 'sentinelPassword'> {
  return passwordsOf(settings);
}

function passwordsOf({ url, password, password_file, sentinel }: RedisSettings): RedisOptions {
  const own =
    readPassword(password, password_file) ?? (url === undefined ? '' : decodeURIComponent(new URL(url).password));
  const ofSentinels = readPassword(sentinel?.password, sentinel?.password_file);
  return { ...(own && { password: own }), ...(ofSentinels !== undefined && { sentinelPassword: ofSentinels }) };
}

/** Reads synchronously: ioredis takes the options at the moment at which it connects. */
function readPassword(password: Secret | undefined, file: string | undefined): string | undefined {
  if (password || file === undefined) return password?.reveal();
  const text = readFileSync(file, 'utf8').trim();
  const problem = secretProblem(text);
  if (problem !== undefined) throw new Error(`secret file ${file} ${problem}`);
  return new Secret(text).reveal();
}

function standaloneOptions({ hostname, port, searchParams }: URL): RedisOptions {
  const family = Number(searchParams.get('family'));
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || PORT),
    ...(family > 0 && { family }),
  };
}

function sentinelOptions(
  { name, hosts = [], username }: Configured['sentinel'],
  tls: RedisOptions['tls'],
): RedisOptions {
  return {
    ...(name !== undefined && { name }),
    sentinels: hosts.map((address) => {
      const { hostname, port } = new URL(`redis://${address}`);
      return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || SENTINEL_PORT) };
    }),
    ...(username !== undefined && { sentinelUsername: username }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  };
}

function tlsOptions(settings: RedisSettings, url: URL | undefined): RedisOptions['tls'] {
  const { tls, ca_file, client_cert_file, client_key_file, server_name } = settings;
  if (!tls && ca_file === undefined && client_cert_file === undefined && url?.protocol !== 'rediss:') return undefined;
  // An IP address is no server name.
  const servername = server_name ?? undefined;
  return {
    ...(ca_file !== undefined && { ca: readFileSync(ca_file) }),
    ...(client_cert_file !== undefined && { cert: readFileSync(client_cert_file) }),
    ...(client_key_file !== undefined && { key: readFileSync(client_key_file) }),
    ...(servername !== undefined && { servername }),
  };
}
