import type { Settings } from '@nightcrier/core/settings/config';
import type { GatewaySockets, RunRequest, SandboxRequest } from '../../agent-runtime.ts';

/** What an agent reaches. */
export interface RunAccess {
  variables: Record<string, string>;
  gatewaySockets?: GatewaySockets;
  /** Nothing but the gateway: the container has no network. */
  isolated: boolean;
}

interface RunSettings {
  config: Settings;
  workerId: string;
  instance: string;
}

const UNITS: Record<string, number> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * Returns what a runtime is asked to run for an attempt of an incident.
 * @param access.variables what the agent's CLI needs beside its settings, without secrets
 */
export function runRequest(
  attempt: Pick<RunRequest, 'incidentId' | 'attempt' | 'clusterName'>,
  settings: RunSettings,
  access: RunAccess,
): RunRequest {
  const { agent_allowed_tools, agent_model } = settings.config;
  const tools = agent_allowed_tools.join(',');
  return {
    ...attempt,
    ...sandboxRequest(settings, access),
    environment: {
      ...access.variables,
      NIGHTCRIER_MODEL: agent_model ?? '',
      ...(tools !== '' && { NIGHTCRIER_ALLOWED_TOOLS: tools }),
    },
  };
}

/** Returns the part of a request that does not depend on the incident. */
export function sandboxRequest(
  { config, workerId, instance }: RunSettings,
  { gatewaySockets, isolated }: Omit<RunAccess, 'variables'>,
): SandboxRequest {
  return {
    agent: config.agent_cli,
    workerId,
    instance,
    image: config.agent_image,
    network: isolated ? 'none' : config.agent_network,
    memory: bytesOf(config.agent_memory),
    cpus: config.agent_cpus,
    timeout: Math.ceil(config.agent_timeout),
    ...(gatewaySockets !== undefined && { gatewaySockets }),
  };
}

/** @param size such as 512m or 2g; a number alone is bytes */
export function bytesOf(size: string): number {
  const unit = size.at(-1)?.toLowerCase() ?? '';
  const factor = UNITS[unit];
  return Number.parseInt(size, 10) * (factor ?? 1);
}
