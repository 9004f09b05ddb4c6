import { AGENT_CLIS } from '@nightcrier/core/settings/config';
import { readFile, watch } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const FILE = 'container.json';

/**
 * The record that run-agent.sh writes when the container has ended and its output and logs are final, before it removes the
 * container (agent-container/CONTRACT.md).
 */
const ContainerRecord = z.object({
  container: z.string(),
  agent: z.enum(AGENT_CLIS),
  reason: z.enum(['exited', 'timeout', 'oom', 'output_full', 'killed', 'stopped']),
  exit_code: z.int(),
});
export type ContainerRecord = z.infer<typeof ContainerRecord>;

/** Returns the record of the last run; undefined if its script did not finish, or there was none. */
export async function readContainerRecord(logsDirectory: string): Promise<ContainerRecord | undefined> {
  try {
    return ContainerRecord.safeParse(JSON.parse(await readFile(path.join(logsDirectory, FILE), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * Waits until a run records its end.
 * @throws the signal's reason when it is aborted, or Error when the directory cannot be watched
 */
export async function untilRecorded(logsDirectory: string, signal: AbortSignal): Promise<ContainerRecord> {
  for await (const { filename } of watch(logsDirectory, { signal })) {
    const record = filename === FILE ? await readContainerRecord(logsDirectory) : undefined;
    if (record) return record;
  }
  throw new Error(`${logsDirectory} is no longer watched`);
}
