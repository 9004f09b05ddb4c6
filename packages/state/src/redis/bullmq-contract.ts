import { createRequire } from 'node:module';
import { Job } from 'bullmq';
import { z } from 'zod';
import { JOB_NAME, type TriageJob, type TriageQueue } from '../queue/triage-queue.ts';

/** What admission relies on inside BullMQ, beyond its public interface. */
const BullmqInternals = z.object({
  version: z.string(),
  scripts: z.record(z.string(), z.object({ name: z.string(), content: z.string(), keys: z.number() })),
});
export type BullmqInternals = z.infer<typeof BullmqInternals>;

/** The version that the composed admission script was written for and tested with. */
const VERSION = '6.7.0';
/** BullMQ's scripts that ours call, as Lua functions: name and number of keys. */
const FUNCTIONS = {
  bull_add: { script: 'addPrioritizedJob', keys: 9 },
  bull_remove: { script: 'removeJob', keys: 2 },
  bull_delay: { script: 'moveToDelayed', keys: 11 },
  bull_promote: { script: 'promote', keys: 9 },
} as const;
export type BullmqFunction = keyof typeof FUNCTIONS;
const ADD_ARGS = 3;

const ON_UPGRADE =
  "our scripts run BullMQ's own: on an upgrade compare the scripts with those of the last version, " +
  'change bullmq-contract.ts, and run packages/state/test';

/** The scripts as BullMQ ships them: not part of its index, so they are read from its files. */
export function bullmqInternals(): BullmqInternals {
  const require = createRequire(import.meta.url);
  const manifest: unknown = require('bullmq/package.json');
  const scripts: unknown = require('bullmq/dist/cjs/scripts/index.js');
  return BullmqInternals.parse({ ...z.object({ version: z.string() }).parse(manifest), scripts });
}

/** In place of MessagePack: our scripts would pack only for BullMQ's to unpack, and that takes some 6 % of an admission. */
const UNPACKED = '\nlocal unpacked = { unpack = function(value) return value end }\n';

/**
 * Checks that BullMQ is the one that our scripts were written for, and returns its scripts as Lua functions such as
 * `bull_add(KEYS, ARGV)`. What BullMQ's unpack from MessagePack, the functions take as tables.
 * @throws Error that says what differs and what to do.
 */
export function bullmqFunctions({ version, scripts }: BullmqInternals, wanted: readonly BullmqFunction[]): string {
  if (version !== VERSION) throw new Error(`bullmq is ${version}, admission needs ${VERSION}: ${ON_UPGRADE}`);
  const functions = wanted.map((name) => {
    const { script: scriptName, keys } = FUNCTIONS[name];
    const script = scripts[scriptName];
    if (script?.name !== scriptName) throw new Error(`bullmq ${version} has no script ${scriptName}: ${ON_UPGRADE}`);
    if (script.keys !== keys)
      throw new Error(
        `bullmq's script ${scriptName} takes ${script.keys} keys, admission expects ${keys}: ${ON_UPGRADE}`,
      );
    return `\nlocal function ${name}(KEYS, ARGV)\nlocal cmsgpack = unpacked\n${script.content}\nend\n`;
  });
  return UNPACKED + functions.join('');
}

/** What BullMQ would send to Redis in order to add a prioritised job, without the job's data. */
export interface JobTemplate {
  keys: string[];
  /** Lua that defines `JOB_ARGS` and `JOB_OPTIONS` of some job, in MessagePack. */
  lua: string;
}

/** Lets BullMQ pack a job once; the scripts put in what is each job's own. Sends nothing. */
export function jobTemplate(queue: TriageQueue): JobTemplate {
  const jobId = 'template';
  const options = { ...queue.defaultJobOptions, priority: 1, jobId };
  // What a job is about is no part of the template.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const job = new Job<TriageJob>(queue, JOB_NAME, {} as TriageJob, options, jobId);
  const sent: { name: string; args: unknown }[] = [];
  const recorder = { runCommand: (name: string, args: unknown) => sent.push({ name, args }) };
  type Transaction = Parameters<ReturnType<TriageQueue['getBackend']>['addJobToTransaction']>[0];
  // BullMQ calls nothing but runCommand, and at once; the check below finds out if that changes.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const transaction = recorder as unknown as Transaction;
  queue
    .getBackend()
    .addJobToTransaction(transaction, job.asJSON(), jobId)
    .catch(() => undefined);

  const [command] = sent;
  const packed = Packed.safeParse(command?.args);
  if (sent.length !== 1 || command?.name.split(':')[0] !== FUNCTIONS.bull_add.script || !packed.success)
    throw new Error(`bullmq sends ${JSON.stringify(sent)} to add a job: ${ON_UPGRADE}`);
  const [args, , packedOptions] = packed.data.slice(FUNCTIONS.bull_add.keys).map(luaString);
  return {
    keys: packed.data.slice(0, FUNCTIONS.bull_add.keys).map(String),
    lua: `local JOB_ARGS, JOB_OPTIONS = ${args}, ${packedOptions}\n`,
  };
}

/** Bytes as a literal of Lua. */
function luaString(bytes: string | Buffer): string {
  const escaped = Array.from(Buffer.from(bytes), (byte) => `\\${String(byte).padStart(3, '0')}`);
  return `'${escaped.join('')}'`;
}

const Packed = z.array(z.union([z.string(), z.instanceof(Buffer)])).length(FUNCTIONS.bull_add.keys + ADD_ARGS);
