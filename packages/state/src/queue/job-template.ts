import { Job } from 'bullmq';
import { unpack } from 'msgpackr';
import { z } from 'zod';
import { JOB_NAME, type TriageJob, type TriageQueue } from './triage-queue.ts';
import { ON_CHANGE } from '../redis/bullmq-scripts.ts';

/** What BullMQ sends to Redis to add a prioritised job: keys, and MessagePack in which admission replaces id, time and priority. */
export interface JobTemplate {
  keys: string[];
  args: Buffer;
  options: Buffer;
}

const KEYS = 9;
const TEMPLATE_ID = 'template';
const TEMPLATE_PRIORITY = 1;

const Command = z.tuple([
  z.object({
    name: z.string().regex(/^addPrioritizedJob(:|$)/),
    args: z
      .array(z.union([z.string(), z.instanceof(Buffer)]))
      .length(KEYS + 3)
      .transform((args) => ({ keys: args.slice(0, KEYS).map(String), packed: args.slice(KEYS) })),
  }),
]);
/** Where admission writes to: see `lua/enqueue.lua`. */
const Unpacked = z.tuple([
  z.tuple([z.string(), z.literal(TEMPLATE_ID), z.literal(JOB_NAME), z.number()], z.unknown()),
  z.looseObject({ jobId: z.literal(TEMPLATE_ID), priority: z.literal(TEMPLATE_PRIORITY) }),
]);

/**
 * Lets BullMQ pack one job; sends nothing.
 * @throws Error when BullMQ packs a job in another way than admission expects.
 */
export function jobTemplate(queue: TriageQueue): JobTemplate {
  const options = { ...queue.defaultJobOptions, priority: TEMPLATE_PRIORITY, jobId: TEMPLATE_ID };
  // Admission sends the data of each job itself.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const job = new Job<TriageJob>(queue, JOB_NAME, {} as TriageJob, options, TEMPLATE_ID);
  const sent: { name: string; args: unknown }[] = [];
  const recorder = { runCommand: (name: string, args: unknown) => sent.push({ name, args }) };
  type Transaction = Parameters<ReturnType<TriageQueue['getBackend']>['addJobToTransaction']>[0];
  // BullMQ calls only runCommand, and synchronously; the checks below detect a change.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const transaction = recorder as unknown as Transaction;
  queue
    .getBackend()
    .addJobToTransaction(transaction, job.asJSON(), TEMPLATE_ID)
    .catch(() => undefined);
  return parseTemplate(sent);
}

/** @throws Error that shows what BullMQ sent, when that differs from what admission expects. */
export function parseTemplate(sent: { name: string; args: unknown }[]): JobTemplate {
  const command = Command.safeParse(sent);
  if (!command.success)
    throw new Error(
      `bullmq adds a job with the commands ${JSON.stringify(sent)}, not with addPrioritizedJob alone: ${ON_CHANGE}`,
    );
  const { keys, packed } = command.data[0].args;
  const [args = '', , packedOptions = ''] = packed.map((value) => Buffer.from(value));
  const unpacked = [args, packedOptions].map((value): unknown => unpack(Buffer.from(value)));
  const shape = Unpacked.safeParse(unpacked);
  if (!shape.success)
    throw new Error(`bullmq packs a job as ${JSON.stringify(unpacked)}: ${z.prettifyError(shape.error)}: ${ON_CHANGE}`);
  return { keys, args: Buffer.from(args), options: Buffer.from(packedOptions) };
}
