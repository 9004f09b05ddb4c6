import { z } from 'zod';
import { filePath, flag, redisUrl, secret, text, withSecretFiles, wordList } from '../config-fields.ts';

/** How Redis is reached. */
export const redis = withSecretFiles({
  url: redisUrl().optional().meta({
    description: 'Redis or Valkey, 6.2 or later. Without it and without sentinels, up and demo start an embedded one.',
    example: 'redis://127.0.0.1:6379',
  }),
  key_prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, "_" or "-"' })
    .meta({ value: 'text', schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' } })
    .default('nightcrier')
    .meta({ description: 'Prefix of every key in Redis.' }),
  username: text().optional().meta({
    description: 'ACL user of Redis, in place of one in redis.url. docs/operations.md has an ACL for it.',
    example: 'nightcrier',
  }),
  password: secret().optional().meta({
    description: 'Password of Redis, in place of one in redis.url.',
    example: '/run/secrets/redis',
  }),
  tls: flag().default(false).meta({
    description: 'Connect to Redis with TLS. A rediss:// URL and ca_file imply it.',
  }),
  ca_file: filePath('file').optional().meta({
    description: 'Certificates (PEM) trusted for Redis, in place of the public authorities.',
    example: '/etc/ssl/redis-ca.pem',
  }),
  client_cert_file: filePath('file').optional().meta({
    description: 'Client certificate (PEM) for Redis.',
    needs: 'redis.client_key_file',
    example: '/etc/ssl/nightcrier-redis.pem',
  }),
  client_key_file: filePath('file').optional().meta({
    description: 'Key (PEM) of the client certificate.',
    needs: 'redis.client_cert_file',
    example: '/etc/ssl/nightcrier-redis.key',
  }),
  server_name: text().optional().meta({
    description: 'Name that the certificate of Redis must have. Default: the host that is connected to.',
    example: 'redis.internal',
  }),
});

const HOST = /^(?:\[[\da-f:]+\]|[^\s:[\]/@]+)(?::\d{1,5})?$/i;

/** Where the present master is looked up. */
export const sentinel = withSecretFiles({
  name: text().optional().meta({
    description: 'Name of the master that the sentinels monitor.',
    needs: 'redis.sentinel.hosts',
    example: 'mymaster',
  }),
  hosts: wordList()
    .pipe(z.array(z.string().regex(HOST, { error: 'must be HOST:PORT' })).min(1, { error: 'must name a sentinel' }))
    .optional()
    .meta({
      description: 'Addresses of the sentinels, HOST:PORT. The default port is 26379.',
      needs: 'redis.sentinel.name',
      value: 'list',
      schema: { anyOf: [{ type: 'array', items: { type: 'string' }, minItems: 1 }, { type: 'string' }] },
      example: '[sentinel-1:26379, sentinel-2:26379, sentinel-3:26379]',
    }),
  username: text().optional().meta({
    description: 'ACL user of the sentinels.',
    needs: 'redis.sentinel.hosts',
    example: 'nightcrier',
  }),
  password: secret().optional().meta({
    description: 'Password of the sentinels.',
    needs: 'redis.sentinel.hosts',
    example: '/run/secrets/sentinel',
  }),
});
