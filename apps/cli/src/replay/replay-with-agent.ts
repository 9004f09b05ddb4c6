import { describeFailures } from '@nightcrier/core/incidents/agent-failure';
import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import type { TriageOutcome } from '@nightcrier/core/incidents/triage-outcome';
import type { ClusterPermissions } from '@nightcrier/core/permissions/cluster-permissions';
import { silentLogger } from '@nightcrier/core/logger';
import { type AgentCli, type Config, Settings } from '@nightcrier/core/settings/config';
import { GatewayApp } from '@nightcrier/gateway/app';
import { ExitError } from '@nightcrier/runtime/exit-code';
import { stopSignal } from '@nightcrier/runtime/process/stop-signal';
import { openState, type State } from '@nightcrier/state/open-state';
import { connectProducer, disconnect } from '@nightcrier/state/redis/connection';
import { replayAgent } from '@nightcrier/triage-worker/replay/replay-agent';
import type { Evidence } from '@nightcrier/triage-worker/evidence/evidence';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedRedis } from '../embedded-redis/embedded-redis.ts';
import { incidentOf, type RecordedIncident } from './recorded-incident.ts';
import { serveRecording } from './recorded-cluster.ts';

export interface AgentChoice {
  agent: Exclude<AgentCli, 'builtin'>;
  /** Default: `agent_model`, if the agent is `agent_cli`. */
  model?: string | undefined;
}

/** What is in the workspace of an incident. */
export interface Recorded {
  recorded: RecordedIncident;
  permissions: ClusterPermissions | undefined;
  evidence: Evidence;
}

type Report = Extract<TriageOutcome, { kind: 'reported' }>;

const KEY_PREFIX = 'replay';

/**
 * Runs an agent on the recorded evidence of an incident, through the runtime and the gateway of the product. The gateway leads to the
 * recording, and Redis, gateway and workspace exist for this run alone: no cluster is contacted, and nothing is recorded in the installation. The
 * model is the provider's, and its tokens cost what they cost.
 * @throws ExitError when the agent gives no report, or the process is stopped
 */
export async function replayWithAgent(
  { recorded, permissions, evidence }: Recorded,
  { agent, model }: AgentChoice,
  settings: Config,
): Promise<Report> {
  const stopped = new AbortController();
  const onSecond = (signal: string): void => console.error(escapeControls(`replay: second ${signal}; exits at once`));
  void stopSignal(onSecond).then((cause) => stopped.abort(new ExitError('failed', `replay stopped by ${cause}`)));
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-replay-'));
  resources.defer(async () => rm(folder, { recursive: true, force: true }));
  const recording = resources.use(await serveRecording(evidence, recorded.cluster_name));
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, recording.kubeconfig, { mode: 0o600 });
  const redis = await startEmbeddedRedis({ logger: silentLogger, signal: stopped.signal });
  resources.defer(async () => redis.stop());
  const cluster = {
    name: recorded.cluster_name,
    environment: recorded.environment,
    labels: recorded.labels,
    triage: { enabled: true, kubeconfig, allow_secrets_access: false },
  };
  const isConfigured = agent === settings.agent_cli;
  const config: Config = {
    ...settings,
    agent_cli: agent,
    agent_model: model ?? (isConfigured ? settings.agent_model : undefined),
    agent_allowed_tools: isConfigured ? settings.agent_allowed_tools : [],
    agent_fallback: [],
    max_attempts: 1,
    // Neither the cluster nor a network is reached.
    kube_access: 'gateway',
    llm_access: 'gateway',
    additional_agent_prompt: [settings.additional_agent_prompt, noteOf(evidence)].join('\n\n'),
    redis: Settings.parse({ redis: { url: redis.url, key_prefix: KEY_PREFIX } }).redis,
    data_dir: folder,
    workspace_root: path.join(folder, 'incidents'),
    gateway_socket_dir: settings.gateway_socket_dir ?? path.join(folder, 'sockets'),
    clusters: [cluster],
  };
  const state = await openReplayState(config, resources);
  const gateway = new GatewayApp({ config, logger: silentLogger });
  resources.defer(async () => gateway.stop());
  await gateway.start();
  stopped.signal.throwIfAborted();
  // The container of the incident itself may be running.
  const incident = incidentOf(recorded, `${recorded.incident_id.slice(0, 100)}-replay-${randomUUID().slice(0, 8)}`);
  const outcome = await replayAgent(
    { incident, permissions, evidence, cluster, kubeconfig },
    { config, state, environment: process.env, signal: stopped.signal, logger: silentLogger },
  );
  if (outcome.kind === 'reported') return outcome;
  throw noReport(outcome);
}

async function openReplayState({ redis: settings }: Config, resources: AsyncDisposableStack): Promise<State> {
  const redis = connectProducer(settings, silentLogger);
  resources.defer(async () => disconnect(redis));
  if (redis.status !== 'ready') await once(redis, 'ready');
  return openState(redis, { key_prefix: settings.key_prefix, logger: silentLogger });
}

function noteOf({ collectedAt }: Evidence): string {
  return [
    '# Replay',
    '',
    `The incident is over: you see what was recorded at ${collectedAt}. Judge every age by that time. kubectl answers from the recording: an`,
    'answer with the reason NotRecorded says nothing about the cluster, and a list with a warning may lack objects.',
  ].join('\n');
}

function noReport(outcome: Exclude<TriageOutcome, Report>): ExitError {
  const failures = 'failures' in outcome ? outcome.failures : [];
  const why = 'reason' in outcome ? outcome.reason : describeFailures(failures);
  const isUnavailable = failures.some(({ kind }) => kind === 'unavailable');
  return new ExitError(isUnavailable ? 'unavailable' : 'failed', `the agent gave no report: ${why ?? outcome.kind}`);
}
