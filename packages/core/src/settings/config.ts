import { z } from 'zod';
import { ModelPrice } from '../incidents/agent-usage.ts';
import type { ClusterConfig } from '../clusters/cluster-config.ts';
import { decimal, flag, httpUrl, integer, json, seconds, secret, secretUrl, wordList } from './config-fields.ts';
import { GROUPINGS } from '../faults/group-key.ts';
import { SeverityThreshold } from '../faults/severity.ts';

export const AGENT_CLIS = ['builtin', 'claude', 'codex', 'gemini', 'goose'] as const;
export type AgentCli = (typeof AGENT_CLIS)[number];

/**
 * Every setting but the clusters, with its default and what it does; `describe` is what `--help` prints. All have a
 * default, and all can be overridden by an environment variable and a flag that follow from the key: `agent_timeout`
 * by `AGENT_TIMEOUT` and `--agent-timeout`, `redis.url` by `REDIS_URL` and `--redis-url`.
 * Durations are in seconds. Relative paths are relative to the working directory.
 */
export const Settings = z.strictObject({
  subscribe_mode: z
    .enum(['faults', 'events', 'poll'])
    .default('faults')
    .describe('what to subscribe to: faults, Warning events, or poll a server that has no subscriptions'),
  poll_interval: seconds(1, 3600).default(30).describe('time between two looks at a polled cluster'),
  severity_threshold: SeverityThreshold.default('warning').describe('the mildest severity that is investigated'),

  sse_reconnect_initial_backoff: seconds(0.1, 600).default(1).describe('wait before the first reconnect'),
  sse_reconnect_max_backoff: seconds(0.1, 3600).default(60).describe('longest wait between reconnects'),
  sse_reconnect_multiplier: decimal(1, 10).default(2).describe('each wait is this much longer than the one before'),
  sse_reconnect_jitter: decimal(0, 0.9).default(0.1).describe('part of a wait by which it varies at random'),
  resync_interval: seconds(0, 86_400)
    .default(900)
    .describe('time between two looks for faults that a subscription missed without a sign; 0: only after a gap'),
  sse_read_timeout: seconds(1, 3600).default(75).describe('a silent dead connection is found within this time'),
  cluster_lease: seconds(1, 300)
    .default(6)
    .describe('the clusters of an ingester that is silent for so long are taken by the others'),

  global_queue_size: integer(1, 1_000_000).default(1000).describe('most incidents that wait'),
  cluster_queue_size: integer(0, 1_000_000).default(0).describe('most incidents of one cluster that wait; 0: no bound'),
  queue_overflow_policy: z
    .enum(['drop', 'reject'])
    .default('drop')
    .describe('when the queue is full: drop the oldest of the mildest, or reject the newest'),
  dedup_window_seconds: seconds(0, 86_400)
    .default(300)
    .describe('the same fault within this time is a recurrence, not a new incident'),
  grouping: z
    .enum(GROUPINGS)
    .default('workload')
    .describe('which faults of one type share an incident: those of a workload, of a resource, or none'),
  max_queue_age_seconds: seconds(0, 604_800)
    .default(3600)
    .describe('an incident that waited longer expires; 0: no bound'),
  max_concurrent_agents: integer(1, 1000).default(5).describe('investigations at once, over all workers'),
  max_agents_per_cluster: integer(0, 1000)
    .default(1)
    .describe('investigations of one cluster at once, over all workers; 0: no bound'),
  max_attempts: integer(1, 20).default(3).describe('attempts at an incident whose investigation could not run'),
  require_read_only: flag()
    .default(true)
    .describe('refuse to investigate with a kubeconfig that can write, exec or impersonate'),

  workspace_root: z.string().min(1).default('incidents').describe('where incident workspaces are made'),
  workspace_retention_days: integer(0, 36_500).default(30).describe('days that a workspace is kept; 0: for ever'),
  workspace_retention_count: integer(0, 10_000_000)
    .default(1000)
    .describe('most workspaces that are kept, those of open incidents aside; 0: no bound'),
  data_dir: z.string().min(1).default('.nightcrier').describe('where the embedded Redis and the spool keep their data'),
  spool_dir: z
    .string()
    .min(1)
    .optional()
    .describe('where faults wait while Redis is away; `spool` in data_dir if unset'),
  spool_max_bytes: integer(1_000_000, 1_000_000_000_000)
    .default(1_073_741_824)
    .describe('most bytes of faults that an ingester keeps on disk'),
  agent_cli: z.enum(AGENT_CLIS).default('builtin').describe('which agent investigates'),
  agent_fallback: wordList()
    .pipe(z.array(z.enum(AGENT_CLIS)))
    .default(['builtin'])
    .describe('agents that take over when the provider of its model fails; builtin also after any other failure'),
  agent_engine: z.enum(['docker', 'podman']).default('docker').describe('container engine that runs the agent'),
  agent_image: z.string().min(1).default('nightcrier-agent:latest').describe('image that the agent runs in'),
  agent_network: z.string().min(1).default('bridge').describe('container network of the agent'),
  agent_model: z.string().min(1).optional().describe("model the agent uses; the CLI's own default if unset"),
  agent_prices: json(z.record(z.string(), ModelPrice))
    .default({})
    .describe('USD for a million tokens, by model or agent, where the CLI gives no cost'),
  agent_timeout: seconds(1, 86_400).default(300).describe('longest investigation'),
  agent_script_path: z.string().min(1).default('agent-container/run-agent.sh').describe('script that runs one agent'),
  agent_system_prompt_file: z
    .string()
    .min(1)
    .default('configs/triage-system-prompt.md')
    .describe('what every agent is told'),
  agent_allowed_tools: wordList().default([]).describe("tools the agent may use; the runner's own list if empty"),
  additional_agent_prompt: z.string().default('').describe('added to what every agent is told'),
  agent_memory: z
    .string()
    .regex(/^\d+[bkmg]?$/i, { error: 'must be a size such as 512m or 2g' })
    .default('2g')
    .describe('memory of an agent container'),
  agent_cpus: decimal(0.1, 256).default(2).describe('processors of an agent container'),
  report_min_bytes: integer(0, 1_000_000).default(100).describe('a shorter report is not valid'),

  anthropic_api_key: secret().optional().describe('key for claude'),
  anthropic_api_key_file: z.string().min(1).optional().describe('file that holds the key for claude'),
  anthropic_base_url: httpUrl().optional().describe('where claude finds its API'),
  openai_api_key: secret().optional().describe('key for codex'),
  openai_api_key_file: z.string().min(1).optional().describe('file that holds the key for codex'),
  openai_base_url: httpUrl().optional().describe('where codex finds its API'),
  gemini_api_key: secret().optional().describe('key for gemini'),
  gemini_api_key_file: z.string().min(1).optional().describe('file that holds the key for gemini'),
  google_gemini_base_url: httpUrl().optional().describe('where gemini finds its API'),

  failure_threshold_for_alert: integer(0, 1000)
    .default(3)
    .describe('agent failures in a row after which agents count as degraded; 0: never'),
  breaker_probe_interval: seconds(1, 86_400)
    .default(60)
    .describe(
      'while agents are degraded, time between two incidents that are given to the agent to see whether it works',
    ),
  notify_on_agent_failure: flag().default(false).describe('notify of each incident whose agent gave no report'),
  slack_webhook_url: secretUrl().optional().describe('incoming webhook of Slack that is notified'),
  slack_webhook_url_file: z.string().min(1).optional().describe('file that holds the URL of that webhook'),
  slack_bot_token: secret().optional().describe('token of a Slack app that posts one message for each incident'),
  slack_bot_token_file: z.string().min(1).optional().describe('file that holds the token of the Slack app'),
  slack_channel: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('id or name of the channel that the Slack app posts to'),
  slack_api_url: httpUrl().default('https://slack.com/api').describe("where the Slack app finds Slack's API"),
  webhook_url: secretUrl().optional().describe('webhook that is notified in JSON'),
  webhook_secret: secret().optional().describe('key of the signature of what is sent to webhook_url'),
  webhook_secret_file: z.string().min(1).optional().describe('file that holds that key'),
  public_url: httpUrl()
    .optional()
    .describe('address of the API as readers of notifications reach it, for links to reports'),

  log_level: z
    .string()
    .transform((text) => text.toLowerCase().replace(/^warning$/, 'warn'))
    .pipe(z.enum(['debug', 'info', 'warn', 'error']))
    .default('info')
    .describe('debug, info, warn or error'),
  shutdown_timeout: seconds(1, 3600).default(30).describe('longest shutdown'),

  redis: z
    .strictObject({
      url: z
        .string()
        .regex(/^rediss?:\/\/\S+$/, { error: 'must be a redis:// or rediss:// URL' })
        .optional()
        .describe('Redis or Valkey; without it, `up` and `demo` start one of their own'),
      key_prefix: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, "_" or "-"' })
        .default('nightcrier')
        .describe('begins every key in Redis'),
    })
    .prefault({}),
  api: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('address the API listens on'),
      port: integer(0, 65_535).default(8080).describe('port the API listens on; 0: any free one'),
      access_key: secret().optional().describe('asked of API clients as a Bearer token'),
      access_key_file: z.string().min(1).optional().describe('file that holds the access key'),
      allow_anonymous: flag().default(false).describe('serve addresses beyond loopback without an access key'),
    })
    .prefault({}),
});
export type Settings = z.infer<typeof Settings>;

/** The whole configuration, validated: {@link Settings} and at least one cluster. */
export type Config = Settings & { clusters: ClusterConfig[] };

/** Where a setting stands in the file, its one-line description, and what overrides it. */
export interface SettingKey {
  /** `['redis', 'url']` */
  path: string[];
  description: string;
  /** `REDIS_URL` */
  environment: string;
  /** `redis-url` */
  flag: string;
}

/** Every setting that takes one value, in the order of the schema. */
export function settingKeys(schema: z.ZodObject = Settings, parents: string[] = []): SettingKey[] {
  return Object.entries(schema.shape).flatMap(([key, field]) => {
    const path = [...parents, key];
    const inner = field instanceof z.ZodPrefault ? field.def.innerType : field;
    if (inner instanceof z.ZodObject) return settingKeys(inner, path);
    return {
      path,
      description: field.description ?? '',
      environment: path.join('_').toUpperCase(),
      flag: path.join('-').replaceAll('_', '-'),
    };
  });
}
