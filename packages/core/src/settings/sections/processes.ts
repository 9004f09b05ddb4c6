import { z } from 'zod';
import { choice, filePath, flag, integer, seconds, secret, text, withSecretFiles } from '../config-fields.ts';

/** Where files are kept. */
export const storage = {
  workspace_root: filePath('any')
    .default('incidents')
    .meta({
      description: 'Directory of the incident workspaces. Do not share it between two Nightcrier installations.',
      env: ['WORKSPACE_ROOT'],
      used_by: ['triage-worker'],
      live: true,
    }),
  workspace_retention_days: integer(0, 36_500)
    .default(30)
    .meta({
      description: 'Age after which a workspace is removed. 0: never. Workspaces of open incidents are kept.',
      unit: 'days',
      used_by: ['triage-worker'],
      live: true,
    }),
  workspace_retention_count: integer(0, 10_000_000)
    .default(1000)
    .meta({
      description: 'Maximum number of workspaces of finished incidents. 0: no limit.',
      unit: 'workspaces',
      used_by: ['triage-worker'],
      live: true,
    }),
  data_dir: filePath('any')
    .default('.nightcrier')
    .meta({
      description: "Directory of the embedded Redis, the spool and the gateway's certificate authority.",
      used_by: ['ingester', 'gateway'],
    }),
  spool_dir: filePath('any')
    .optional()
    .meta({
      description: 'Directory where an ingester keeps faults while Redis is unreachable. Default: spool in data_dir.',
      used_by: ['ingester'],
      example: '.nightcrier/spool',
    }),
  spool_max_bytes: integer(1_000_000, 1_000_000_000_000)
    .default(1_073_741_824)
    .meta({
      description: 'Maximum size of the spool of one ingester. Faults beyond it are lost, and counted as lost.',
      unit: 'bytes',
      used_by: ['ingester'],
    }),
};

/** What all processes have in common. */
export const processes = {
  log_level: choice(['debug', 'info', 'warn', 'error'], { warning: 'warn' })
    .default('info')
    .meta({ description: 'Lowest level that is logged.', env: ['LOG_LEVEL'], live: true }),
  shutdown_timeout: seconds(1, 3600)
    .default(30)
    .meta({
      description: 'Maximum duration of a shutdown. Investigations get half of it to finish.',
      env: ['SHUTDOWN_TIMEOUT_SECONDS', 'SHUTDOWN_TIMEOUT'],
    }),
};

const onlyApi = { used_by: ['api'] } as const;

export const api = withSecretFiles({
  host: text()
    .default('127.0.0.1')
    .meta({ description: 'Address that the API listens on.', ...onlyApi }),
  port: integer(0, 65_535)
    .default(8080)
    .meta({ description: 'Port that the API listens on. 0: any free port.', ...onlyApi }),
  access_key: secret(shortKeyProblem)
    .optional()
    .meta({
      description:
        'Key that API clients send as a Bearer token, at least 16 characters. Required when api.host is not a loopback address.',
      example: '/run/secrets/api',
      live: true,
      ...onlyApi,
    }),
  base_path: z
    .string()
    .regex(/^(?:\/[A-Za-z0-9._~-]+)*$/, { error: 'must be a path such as /nightcrier, without a slash at its end' })
    .meta({ value: 'path', schema: { type: 'string', pattern: '^(/[A-Za-z0-9._~-]+)*$' } })
    .default('')
    .meta({
      description:
        'Path below which browsers reach the API behind a proxy, such as /nightcrier; the proxy may remove it or not. public_url must end with it.',
      ...onlyApi,
    }),
  metrics_per_cluster: flag()
    .default(true)
    .meta({
      description:
        'Whether /metrics has series of each cluster. Without, their sums: a thousand clusters have 25,000 series.',
      live: true,
      ...onlyApi,
    }),
  allow_anonymous: flag()
    .default(false)
    .meta({ description: 'Serve incidents without a key beyond loopback.', ...onlyApi }),
});

/** A shorter key can be guessed. */
const SHORTEST_KEY = 16;

/** Returns what is wrong with an access key, without repeating it. */
export function shortKeyProblem(value: string): string | undefined {
  if (value.length >= SHORTEST_KEY) return undefined;
  return `must have at least ${SHORTEST_KEY} characters; "openssl rand -hex 32" prints a good one`;
}
