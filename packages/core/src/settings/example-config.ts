import { SECTIONS } from './config.ts';
import { type Setting, settingOf } from './setting-list.ts';

const WIDTH = 100;

const HEADER = `# yaml-language-server: $schema=./nightcrier.schema.json
#
# Every setting of Nightcrier, with its default. Only \`clusters\` is required. This file is generated from the table of
# settings: packages/core/src/settings/sections.
#
# Sources: a flag overrides an environment variable, which overrides this file, which overrides the default. The names
# follow from the key: agent_timeout is --agent-timeout and NIGHTCRIER_AGENT_TIMEOUT, redis.url is --redis-url and
# NIGHTCRIER_REDIS_URL. Secrets have no flag; each can be given as a value or as a file (KEY_file).
# Variables in values: \${NAME}, \${NAME:-default}, \${NAME:?message if it is not set}; $$ is a dollar sign.
# Durations: seconds, or text such as 500ms, 30s, 1m30s, 2h.
# Reload: changes of this file take effect at once, or on SIGHUP, unless the setting says that it needs a restart.
# Check a file with: nightcrier validate FILE

clusters:
  - name: westeu-cluster1 # unique; shown in health, logs and notifications
    environment: production
    labels: { region: westeu, team: payments }
    mcp:
      endpoint: http://mcp.westeu.example:8080/mcp # the kubernetes-mcp-server of the cluster
      # api_key: \${WESTEU_MCP_KEY} # sent as a Bearer token
      # api_key_file: /run/secrets/westeu-mcp # in place of api_key; read at each connect
      # headers: { X-Tenant: '\${TENANT}' } # sent with every request; values are secrets
      # ca_file: /etc/ssl/westeu-ca.pem # trusted for this server in place of the public authorities
      # client_cert_file: /etc/ssl/nightcrier.pem # for servers that ask for a client certificate
      # client_key_file: /etc/ssl/nightcrier.key
    triage:
      enabled: true # false: faults are logged and counted, not investigated
      kubeconfig: ./kubeconfigs/westeu-cluster1.yaml # of a read-only service account
      allow_secrets_access: false # true: investigations may read Secrets and ConfigMaps, for Helm debugging

  # Short form, with triage enabled:
  - name: eastus-cluster1
    mcp_endpoint: http://mcp.eastus.example:8080/mcp
    kubeconfig: ./kubeconfigs/eastus-cluster1.yaml

# In place of clusters, one cluster with the default kubeconfig:
# mcp_endpoint: http://127.0.0.1:8080/mcp
`;

/** Routes and receivers, commented out. */
export const EXAMPLE_ROUTES = `# --- Routes and receivers
# Which receiver is notified of a problem, with the syntax and meaning of Alertmanager. Without route, the receiver "default" of
# slack_webhook_url, slack_channel and webhook_url is notified of everything. Test with: nightcrier routes test --cluster NAME
# Matchers: cluster, environment, namespace, workload, node, component, fault_type, severity, and the labels of the cluster.
#
# route:
#   receiver: platform # the root takes what no route below matches
#   repeat_interval: 12h # notify again while a problem is firing and not acknowledged; unset: never
#   routes:
#     - matchers: ['severity="critical"', 'environment="production"']
#       receiver: pager
#       continue: true # the routes below are tried as well
#     - matchers: ['team="payments"', 'namespace=~"pay.*"']
#       receiver: payments
#
# receivers:
#   - name: platform
#     slack_configs:
#       - bot_token_file: /run/secrets/slack-bot # one message for each problem, edited until it has recovered
#         channel: C0123456789
#         app_token_file: /run/secrets/slack-app # buttons, through Socket Mode
#         operators: [U0123456789, S0123456789] # users and user groups that may press them
#     alertmanager_configs:
#       - urls: [http://alertmanager-0.example:9093, http://alertmanager-1.example:9093]
#   - name: pager
#     pagerduty_configs:
#       - routing_key_file: /run/secrets/pagerduty
#   - name: payments
#     msteamsv2_configs:
#       - webhook_url_file: /run/secrets/teams
#     email_configs:
#       - to: [payments@example.org]
#         from: nightcrier@example.org
#         smarthost: smtp.example.org:587
#         auth_username: nightcrier
#         auth_password_file: /run/secrets/smtp
#     webhook_configs:
#       - url: https://hooks.example/nightcrier
#         secret_file: /run/secrets/webhook`;

/** The text of configs/config.example.yaml: every setting with its description and default. */
export function exampleConfig(): string {
  const sections = SECTIONS.map(({ heading, parent, shape }) => {
    const parents = parent?.split('.') ?? [];
    const [indent, outer] = ['  '.repeat(parents.length), '  '.repeat(Math.max(0, parents.length - 1))];
    const settings = Object.keys(shape).flatMap(
      (key) => settingOf(parent === undefined ? key : `${parent}.${key}`) ?? [],
    );
    const blocks = settings.filter((setting) => !hasValueSetting(setting)).map((setting) => block(setting, indent));
    // A mapping without any value would be null.
    const isEmpty = blocks.every((text) => text.split('\n').every((line) => line.trimStart().startsWith('#')));
    const key = parents.length === 0 ? [] : [`${outer}${isEmpty ? '# ' : ''}${parents.at(-1)}:`];
    const text = [`${outer}# --- ${heading}`, ...key, blocks.join('\n\n')].join('\n');
    return heading === 'Notifications' ? `${text}\n\n${EXAMPLE_ROUTES}` : text;
  });
  return `${[HEADER.trimEnd(), ...sections].join('\n\n')}\n`;
}

/** A `KEY_file` is shown together with its key. */
function hasValueSetting({ name }: Setting): boolean {
  return name.endsWith('_file') && settingOf(name.slice(0, -'_file'.length)) !== undefined;
}

function block(setting: Setting, indent: string): string {
  const { path, description, unit, live, defaultText, meta, environment } = setting;
  const key = path.at(-1) ?? '';
  const notes = [
    description,
    ...(unit === undefined || unit === 'seconds' || description.toLowerCase().includes(unit) ? [] : [`Unit: ${unit}.`]),
    ...(live ? [] : ['Needs a restart.']),
  ].join(' ');
  const example = meta.example ?? '';
  const values =
    meta.secret === true
      ? [`# ${key}: \${${environment}}`, `# ${key}_file: ${example}`]
      : [defaultText === undefined ? `# ${key}: ${example}` : `${key}: ${defaultText}`];
  return [...wrap(notes).map((line) => `# ${line}`), ...values].map((line) => `${indent}${line}`).join('\n');
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
