import type { AgentExit } from '../../agent-runtime.ts';
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

export async function writeContainerRecord(logsDirectory: string, record: ContainerRecord): Promise<void> {
  replaceFile(path.join(logsDirectory, FILE), `${JSON.stringify(record)}\n`);
}

/** Returns the attempt whose container it was. */
export function attemptOf({ container }: ContainerRecord): number {
  return Number(/-(\d+)(?:\.[\w-]*)?$/.exec(container)?.[1] ?? 1);
}

/** Returns the exit of a run whose output was complete; undefined for the others. */
export function exitFromRecord({ reason, exit_code: code }: ContainerRecord): AgentExit | undefined {
  switch (reason) {
    case 'exited':
      return { kind: 'exited', code, lastLine: '' };
    case 'timeout':
      return { kind: 'timed_out' };
    case 'oom':
      return { kind: 'killed', reason: 'it used more memory than agent_memory allows' };
    default:
      return undefined;
  }
}
