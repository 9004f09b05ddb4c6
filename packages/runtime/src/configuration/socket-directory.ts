import type { Config } from '@nightcrier/core/settings/config';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Returns the directory of the gateways' sockets. By default it is outside of the data directory, whose path agents must not see,
 * and the same for every process with this Redis and key prefix.
 */
export function socketDirectory({ gateway_socket_dir, redis }: Pick<Config, 'gateway_socket_dir' | 'redis'>): string {
  if (gateway_socket_dir !== undefined) return gateway_socket_dir;
  const installation = createHash('sha256')
    .update(`${redis.url ?? ''} ${redis.key_prefix}`)
    .digest('hex')
    .slice(0, 12);
  return path.join(tmpdir(), `nightcrier-${process.getuid?.() ?? 0}-${installation}`);
}
