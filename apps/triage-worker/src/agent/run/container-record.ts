import type { AgentExit, RunEnd } from '../../agent-runtime.ts';
import { AGENT_CLIS } from '@nightcrier/core/settings/config';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../workspace/workspace.ts';

const FILE = 'container.json';

/** How a container ended: written when its output and logs are complete, before it is removed. */
const ContainerRecord = z.object({
  container: z.string(),
  agent: z.enum(AGENT_CLIS),
  /** `output_full`: earlier versions killed an agent that filled its output directory. */
  reason: z.enum(['exited', 'timeout', 'oom', 'output_full', 'killed', 'stopped']),
  exit_code: z.int(),
  image: z.string().optional(),
  /** Empty: the default of the agent's CLI. */
  model: z.string().optional(),
  oom_killed: z.boolean().optional(),
  /** ISO 8601. */
  started_at: z.string().optional(),
  finished_at: z.string().optional(),
});
export type ContainerRecord = z.infer<typeof ContainerRecord>;

/** Returns the record of the last run; undefined if it was not followed to its end, or there was none. */
export async function readContainerRecord(logsDirectory: string): Promise<ContainerRecord | undefined> {
  try {
    return ContainerRecord.safeParse(JSON.parse(await readFile(path.join(logsDirectory, FILE), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

export function writeContainerRecord(logsDirectory: string, record: ContainerRecord): void {
  replaceFile(path.join(logsDirectory, FILE), `${JSON.stringify(record)}\n`);
}

/** Reasons of the ends after which the output was complete. */
const COMPLETE = ['exited', 'timeout', 'oom'] as const;

/** Returns the exit of a run whose output was complete; undefined for the others, whose report may be incomplete. */
export function exitFromRecord({ reason, exit_code: exitCode }: ContainerRecord): AgentExit | undefined {
  const complete = COMPLETE.find((one) => one === reason);
  return complete && exitOf({ reason: complete, exitCode });
}

/**
 * Maps the end of a container to that of its agent.
 * @param lastLine of the agent's stderr
 * @param memory as configured
 */
export function exitOf(
  { reason, exitCode }: Pick<RunEnd, 'reason' | 'exitCode'>,
  lastLine = '',
  memory?: string,
): AgentExit {
  switch (reason) {
    case 'timeout':
      return { kind: 'timed_out' };
    case 'oom':
      return { kind: 'killed', reason: `it used more memory than agent_memory allows${memory ? ` (${memory})` : ''}` };
    case 'killed':
      return { kind: 'killed', reason: '' };
    case 'stopped':
      return { kind: 'interrupted', reason: 'its container was stopped' };
    case 'exited': {
      if (exitCode !== 126 && exitCode !== 127) return { kind: 'exited', code: exitCode, lastLine };
      const because = lastLine === '' ? '' : `: ${lastLine}`;
      return { kind: 'unusable', reason: `a program that the agent's image needs cannot be run${because}` };
    }
    default:
      return reason satisfies never;
  }
}
