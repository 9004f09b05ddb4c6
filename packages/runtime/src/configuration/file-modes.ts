import type { Config } from '@nightcrier/core/settings/config';
import { statSync } from 'node:fs';

/** Warns of the files with secrets, and kubeconfigs, that every user of the machine can read. */
export function readableByOthers(config: Config): string[] {
  const clusters = config.clusters.flatMap(({ name, mcp, triage }) => [
    { what: `cluster ${name}: mcp.api_key_file`, file: mcp?.api_key_file },
    { what: `cluster ${name}: mcp.client_key_file`, file: mcp?.client_key_file },
    { what: `cluster ${name}: kubeconfig`, file: triage.kubeconfig },
  ]);
  const settings = [
    ...Object.entries(config),
    ...Object.entries(config.api),
    ...apiFiles(config),
    ...redisFiles(config),
  ].flatMap(([key, value]: [string, unknown]) =>
    /[_.](?:key|token|secret|webhook_url|url|password)_file$/.test(key) && typeof value === 'string'
      ? [{ what: key, file: value }]
      : [],
  );
  const warned = new Set<string>();
  return [...settings, ...clusters].flatMap(({ what, file }) => {
    if (file === undefined || warned.has(file) || !othersRead(file)) return [];
    warned.add(file);
    return [`${what}: every user of this machine can read ${file}; run: chmod o-r ${file}`];
  });
}

function apiFiles({ api }: Config): [string, unknown][] {
  return [
    ['api.auth.oidc.client_secret_file', api.auth.oidc.client_secret_file],
    ['api.tls.key_file', api.tls.key_file],
  ];
}

function redisFiles({ redis }: Config): [string, unknown][] {
  return [
    ['redis.client_key_file', redis.client_key_file],
    ['redis_password_file', redis.password_file],
    ['redis_sentinel_password_file', redis.sentinel.password_file],
  ];
}

function othersRead(file: string): boolean {
  try {
    return (statSync(file).mode & 0o004) !== 0;
  } catch {
    return false;
  }
}
