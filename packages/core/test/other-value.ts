import type { Setting } from '../src/settings/setting-list.ts';

/** A valid value of a setting that is not its default: what a test of a change needs. */
export function otherValue({ name, value, defaultValue, meta }: Setting): unknown {
  const special = SPECIAL[name];
  if (special !== undefined) return special;
  if (typeof defaultValue === 'number') return anotherNumber(defaultValue, meta.schema);
  if (typeof defaultValue === 'boolean') return !defaultValue;
  if (value.includes('|')) return value.split('|').find((choice) => choice !== defaultValue);
  if (value === 'url') return 'https://other.example';
  return 'other';
}

const SPECIAL: Partial<Record<string, unknown>> = {
  agent_fallback: ['claude'],
  agent_allowed_tools: ['Read'],
  agent_memory: '1g',
  agent_prices: { 'a-model': { input: 1, output: 2 } },
  maintenance_windows: [{ name: 'weekly', matchers: 'cluster="west"', cron: '0 2 * * 0', duration: '2h' }],
  llm_budgets: { per_day: { tokens: 1000 } },
  slack_bot_token: 'xoxb-other',
  slack_app_token: 'xapp-other',
  slack_operators: ['U0000000001'],
  'alerts.port': 9099,
  'metrics.port': 9464,
  'alerts.access_key': 'another-key-of-alerts',
  'alerts.password': 'another-password-of-alerts',
  'alerts.cluster_names': { prod: 'west' },
  'alerts.labels': { service: ['app'] },
  'api.access_key': 'another-key-of-the-api',
  'api.base_path': '/other',
  'api.auth.methods': ['users'],
  'api.auth.roles': { sre: 'operator' },
  'api.auth.oidc.scopes': ['openid', 'groups'],
  'api.auth.proxy.addresses': ['10.0.0.0/8'],
  'api.auth.proxy.user_header': 'X-User',
  'api.auth.proxy.groups_header': 'X-Groups',
  slack_webhook_url: 'https://hooks.example/other',
  webhook_url: 'https://hooks.example/other',
  heartbeat_url: 'https://hc.example/ping/other',
  'redis.url': 'redis://other:6379',
  'redis.sentinel.hosts': ['other:26379'],
};

function anotherNumber(value: number, schema: Record<string, unknown> = {}): number {
  const { anyOf: [bounds = schema] = [schema] } = schema as { anyOf?: Record<string, unknown>[] };
  const { maximum } = bounds;
  return typeof maximum === 'number' && value + 1 > maximum ? value / 2 : value + 1;
}
