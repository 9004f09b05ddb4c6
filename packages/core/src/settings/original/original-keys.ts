/** A key of the original system that Nightcrier does not have under that name. */
export interface OriginalKey {
  /** `state_storage`, `agent.cli`; a key stands for everything below it. */
  key: string;
  /** The setting that takes its value. */
  to?: string;
  /** Why it has no effect. */
  because?: string;
  /** Its environment names. */
  env?: readonly string[];
  /** Its flag, without the dashes. */
  flag?: string;
}

const STATE = 'state is kept in Redis (redis.url)';
const ARTIFACTS = 'artifacts are kept in workspace_root, and reports in Redis';
const LOGS = "the agent's whole output is kept in logs/ of the workspace";
const EXECUTION =
  'agents run in containers of agent_engine; see agent_image, agent_memory, agent_cpus and agent_timeout';
const BUFFERS = 'buffers need no tuning';
const SLACK_TEXT = 'messages are cut to the limits of Slack';

/**
 * The keys of the original system that have another name here, or no effect. Keys that are not listed have the same name and
 * meaning here; their environment names are those of the settings.
 */
export const ORIGINAL_KEYS: readonly OriginalKey[] = [
  // The newest files nest the settings of the agent.
  { key: 'agent.cli', to: 'agent_cli' },
  { key: 'agent.model', to: 'agent_model' },
  { key: 'agent.timeout', to: 'agent_timeout' },
  { key: 'agent.system_prompt_file', to: 'agent_system_prompt_file' },
  { key: 'agent.allowed_tools', to: 'agent_allowed_tools' },
  { key: 'agent.additional_prompt', to: 'additional_agent_prompt' },
  { key: 'agent_prompt', to: 'additional_agent_prompt', env: ['AGENT_PROMPT'] },
  { key: 'monitored_clusters', to: 'clusters' },
  {
    key: 'cluster_failure_event_queue_size',
    to: 'cluster_queue_size',
    env: ['CLUSTER_FAILURE_EVENT_QUEUE_SIZE'],
  },
  { key: 'event_ttl_seconds', to: 'max_queue_age_seconds', env: ['EVENT_TTL_SECONDS'] },
  {
    key: 'drop_events_while_busy',
    because: 'faults wait in the queue while agents are busy (global_queue_size, cluster_queue_size)',
    env: ['DROP_EVENTS_WHILE_BUSY'],
  },
  {
    key: 'state_storage',
    because: STATE,
    env: [
      'STATE_STORAGE_TYPE',
      'STATE_STORAGE_SQLITE_PATH',
      'STATE_STORAGE_POSTGRES_CONNECTION_STRING',
      'STATE_STORAGE_POSTGRES_HOST',
      'STATE_STORAGE_POSTGRES_PORT',
      'STATE_STORAGE_POSTGRES_DATABASE',
      'STATE_STORAGE_POSTGRES_USER',
      'STATE_STORAGE_POSTGRES_PASSWORD',
      'STATE_STORAGE_MIGRATIONS_PATH',
    ],
  },
  {
    key: 'upload_failed_investigations',
    because: ARTIFACTS,
    env: ['UPLOAD_FAILED_INVESTIGATIONS'],
    flag: 'upload-failed-investigations',
  },
  { key: 'object_storage', because: ARTIFACTS, env: ['OBJECT_STORAGE_URL', 'OBJECT_STORAGE_SIGNED_URL_EXPIRY'] },
  {
    key: 'azure_storage_connection_string',
    because: ARTIFACTS,
    env: ['AZURE_STORAGE_CONNECTION_STRING'],
  },
  { key: 'azure_storage_account', because: ARTIFACTS, env: ['AZURE_STORAGE_ACCOUNT'] },
  { key: 'azure_storage_key', because: ARTIFACTS, env: ['AZURE_STORAGE_KEY'] },
  { key: 'azure_storage_container', because: ARTIFACTS, env: ['AZURE_STORAGE_CONTAINER'] },
  { key: 'azure_sas_expiry', because: ARTIFACTS, env: ['AZURE_SAS_EXPIRY'] },
  { key: 'skills', because: 'agents use what their container image has' },
  { key: 'agent_verbose', because: LOGS, env: ['AGENT_VERBOSE'] },
  { key: 'agent_debug', because: LOGS, env: ['AGENT_DEBUG'] },
  { key: 'agent.verbose', because: LOGS },
  { key: 'agent.debug', because: LOGS },
  {
    key: 'kubernetes_context',
    because: 'the current-context of each kubeconfig is used; set it there',
    env: ['KUBERNETES_CONTEXT'],
  },
  { key: 'execution_clusters', because: EXECUTION },
  {
    key: 'execution_defaults',
    because: EXECUTION,
    env: [
      'EXECUTION_DEFAULTS_NAMESPACE',
      'EXECUTION_DEFAULTS_RUNNER_IMAGE',
      'EXECUTION_DEFAULTS_IMAGE_PULL_POLICY',
      'EXECUTION_DEFAULTS_TIMEOUT',
      'EXECUTION_DEFAULTS_MEMORY_LIMIT',
      'EXECUTION_DEFAULTS_CPU_LIMIT',
      'EXECUTION_DEFAULTS_CLEANUP_TTL',
      'EXECUTION_DEFAULTS_MAX_CONCURRENT_AGENTS',
    ],
  },
  {
    key: 'nats',
    because: 'progress is shown by the API (/api/incidents, /metrics)',
    env: ['NATS_ENABLED', 'NATS_SERVER', 'NATS_TOKEN', 'NATS_CONNECT_TIMEOUT', 'NATS_RECONNECT_WAIT'],
  },
  // Flags without a key.
  { key: 'script_path', to: 'agent_script_path', flag: 'script-path' },
  { key: 'health_port', to: 'api.port', flag: 'health-port' },
  { key: 'admin_listen', because: 'the API serves operators, too; see api.host and api.port', flag: 'admin-listen' },
  { key: 'single_run', because: 'a process runs until it is stopped', flag: 'single-run' },
];

/** The keys of tuning.yaml. */
export const TUNING_KEYS: readonly OriginalKey[] = [
  { key: 'agent.investigation_min_size_bytes', to: 'report_min_bytes' },
  { key: 'agent.timeout_buffer_seconds', because: 'the container is removed within shutdown_timeout' },
  { key: 'http.slack_timeout_seconds', because: 'deliveries have a fixed time limit and are retried' },
  { key: 'reporting.root_cause_truncation_length', because: SLACK_TEXT },
  { key: 'reporting.failure_reasons_display_count', because: SLACK_TEXT },
  { key: 'reporting.max_failure_reasons_tracked', because: 'the last failure is kept' },
  { key: 'events.channel_buffer_size', because: BUFFERS },
  { key: 'io.stdout_buffer_size', because: BUFFERS },
  { key: 'io.stderr_buffer_size', because: BUFFERS },
];

/** The same of an entry of `clusters`. */
export const ORIGINAL_CLUSTER_KEYS: readonly OriginalKey[] = [
  { key: 'triage.target_kubeconfig_path', to: 'triage.kubeconfig' },
  { key: 'triage.execution_cluster', because: EXECUTION },
];
