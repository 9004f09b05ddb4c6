import { open } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** The last event of a stream is at most as long as a report that a model has put into it. */
const TAIL_BYTES = 256 * 1024;
const LONGEST_REASON = 300;

/** What ends the streams of the CLIs when they fail; other events, and what is no event, are passed over. */
const Failure = z.union([
  // claude
  z
    .object({ type: z.literal('result'), is_error: z.literal(true), result: z.string(), api_error_status: z.number() })
    .transform(({ result, api_error_status: status }) => ({ message: result, status })),
  // codex
  z
    .object({ type: z.literal('turn.failed'), error: z.object({ message: z.string() }) })
    .transform(({ error }) => ({ message: error.message, status: undefined })),
  // gemini
  z
    .object({ type: z.literal('result'), status: z.literal('error'), error: z.object({ message: z.string() }) })
    .transform(({ error }) => ({ message: error.message, status: undefined })),
]);

/** Refused keys, exhausted quotas and credits, rate limits, and errors of the servers, in the CLIs' words where they give no status. */
const PROVIDER_STATUS = /^(?:401|402|403|429|5\d\d)$/;
const PROVIDER_WORDS =
  /(?:status|error|code)\W{0,8}(?:401|402|403|429|5\d\d)\b|\b(?:quota|rate.limit|high demand|overloaded|credit balance)\b/i;

/**
 * Why the provider of the model let the agent down, in the CLI's own words; undefined when the run ended in another way.
 * Read from the stream that the agent left in its logs directory.
 */
export async function readProviderFailure(logsDirectory: string): Promise<string | undefined> {
  const lines = await tailOf(path.join(logsDirectory, 'agent-stdout.log'));
  const failure = lines.flatMap((line) => parseFailure(line) ?? []).at(-1);
  if (failure === undefined) return undefined;
  const { message, status } = failure;
  const isProviders = status === undefined ? PROVIDER_WORDS.test(message) : PROVIDER_STATUS.test(String(status));
  return isProviders ? message.replaceAll(/\s+/g, ' ').slice(0, LONGEST_REASON) : undefined;
}

function parseFailure(line: string): z.infer<typeof Failure> | undefined {
  try {
    return Failure.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

async function tailOf(file: string): Promise<string[]> {
  try {
    await using handle = await open(file, 'r');
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await handle.read(tail, 0, tail.length, size - tail.length);
    return tail.toString('utf8').trim().split('\n');
  } catch (error) {
    // The container never started.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
