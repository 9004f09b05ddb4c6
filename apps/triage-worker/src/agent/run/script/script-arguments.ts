import type { Settings } from '@nightcrier/core/settings/config';
import type { Workspace } from '../../../workspace/workspace.ts';

/** One run of the agent script. */
export interface ScriptRun {
  incidentId: string;
  clusterName: string;
  attempt: number;
  /** Path of the kubeconfig that the agent gets. */
  kubeconfig: string;
  workspace: Workspace;
  /** The worker that runs it; a label of the container. */
  workerId: string;
  /** The installation that it belongs to; a label of the container. */
  instance: string;
}

/** Stands before the directory of the workspace. */
export const WORKSPACE_FLAG = '-w';

/** Returns the arguments of an agent script, those of `run-agent.sh` (agent-container/CONTRACT.md). */
export function scriptArguments(run: ScriptRun, settings: Settings): string[] {
  const flags: [flag: string, value: string | undefined][] = [
    [WORKSPACE_FLAG, run.workspace.directory],
    ['-m', settings.agent_model],
    ['--kubeconfig', run.kubeconfig],
    ['--agent', settings.agent_cli],
    ['--image', settings.agent_image],
    ['--engine', settings.agent_engine],
    ['--network', settings.agent_network],
    ['--timeout', String(Math.ceil(settings.agent_timeout))],
    ['--incident-id', run.incidentId],
    ['--attempt', String(run.attempt)],
    ['--prompt-file', run.workspace.prompt],
    ['--allowed-tools', settings.agent_allowed_tools.join(',') || undefined],
    ['--output-dir', run.workspace.output],
    ['--logs-dir', run.workspace.logs],
    ['--memory', settings.agent_memory],
    ['--cpus', String(settings.agent_cpus)],
    ['--label', `nightcrier.instance=${run.instance}`],
    ['--label', `nightcrier.cluster=${run.clusterName}`],
    ['--label', `nightcrier.worker=${run.workerId}`],
  ];
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}
