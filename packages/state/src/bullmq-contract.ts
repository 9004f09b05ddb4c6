import { createRequire } from 'node:module';
import { Job } from 'bullmq';
import { z } from 'zod';
import { JOB_NAME, type TriageJob, type TriageQueue } from './triage-queue.ts';

/** What admission relies on inside BullMQ, beyond its public interface. */
const BullmqInternals = z.object({
  version: z.string(),
  scripts: z.record(z.string(), z.object({ name: z.string(), content: z.string(), keys: z.number() })),
});
export type BullmqInternals = z.infer<typeof BullmqInternals>;

/** The version that the composed admission script was written for and tested with. */
const VERSION = '6.7.0';
const ADD = 'addPrioritizedJob';
const ADD_KEYS = 9;
const ADD_ARGS = 3;
const REMOVE = 'removeJob';
const REMOVE_KEYS = 2;

const ON_UPGRADE =
  "admission.lua runs inside BullMQ's own scripts: on an upgrade compare both scripts with those of the last version, " +
  'change bullmq-contract.ts, and run packages/state/test';

/** The scripts as BullMQ ships them: not part of its index, so they are read from its files. */
export function bullmqInternals(): BullmqInternals {
  const require = createRequire(import.meta.url);
  const manifest: unknown = require('bullmq/package.json');
  const scripts: unknown = require('bullmq/dist/cjs/scripts/index.js');
  return BullmqInternals.parse({ ...z.object({ version: z.string() }).parse(manifest), scripts });
}

/**
 * Checks that BullMQ is the one that admission was written for, and returns its scripts as the Lua functions
 * `bull_add(KEYS, ARGV)` and `bull_remove(KEYS, ARGV)`.
 * @throws Error that says what differs and what to do.
 */
export function bullmqFunctions({ version, scripts }: BullmqInternals): string {
  if (version !== VERSION) throw new Error(`bullmq is ${version}, admission needs ${VERSION}: ${ON_UPGRADE}`);
  const body = (name: string, keys: number): string => {
    const script = scripts[name];
    if (script?.name !== name) throw new Error(`bullmq ${version} has no script ${name}: ${ON_UPGRADE}`);
    if (script.keys !== keys)
      throw new Error(`bullmq's script ${name} takes ${script.keys} keys, admission expects ${keys}: ${ON_UPGRADE}`);
    return script.content;
  };
  return `
local function bull_add(KEYS, ARGV)
${body(ADD, ADD_KEYS)}
end
local function bull_remove(KEYS, ARGV)
${body(REMOVE, REMOVE_KEYS)}
end
`;
}

/** What BullMQ would send to Redis in order to add a prioritised job. */
export interface PackedAdd {
  keys: string[];
  args: (string | Buffer)[];
}

/** Lets BullMQ pack the keys and arguments for adding a job, and sends nothing. */
export async function packAdd(queue: TriageQueue, data: TriageJob, priority: number): Promise<PackedAdd> {
  const jobId = data.incident_id;
  const job = new Job<TriageJob>(queue, JOB_NAME, data, { ...queue.defaultJobOptions, priority, jobId }, jobId);
  const sent: { name: string; args: unknown }[] = [];
  const recorder = { runCommand: (name: string, args: unknown) => sent.push({ name, args }) };
  type Transaction = Parameters<ReturnType<TriageQueue['getBackend']>['addJobToTransaction']>[0];
  // BullMQ calls nothing but runCommand; the check below finds out if that changes.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  await queue.getBackend().addJobToTransaction(recorder as unknown as Transaction, job.asJSON(), jobId);

  const [command] = sent;
  const packed = Packed.safeParse(command?.args);
  if (sent.length !== 1 || command?.name.split(':')[0] !== ADD || !packed.success)
    throw new Error(`bullmq sends ${JSON.stringify(sent)} to add a job: ${ON_UPGRADE}`);
  return { keys: packed.data.slice(0, ADD_KEYS).map(String), args: packed.data.slice(ADD_KEYS) };
}

const Packed = z.array(z.union([z.string(), z.instanceof(Buffer)])).length(ADD_KEYS + ADD_ARGS);
