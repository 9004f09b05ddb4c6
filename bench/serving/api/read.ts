import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Agent, get, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';

const SAME_BYTES = path.join(import.meta.dirname, 'same-bytes.ts');

/** Starts a process whose one route answers with these bytes. */
export async function startSameBytes(body: Buffer): Promise<{ url: string; process: ChildProcess }> {
  const baseline = fork(SAME_BYTES);
  baseline.send(body.toString());
  const [{ url }] = z
    .tuple([z.object({ url: z.string() })])
    .rest(z.unknown())
    .parse(await once(baseline, 'message'));
  return { url, process: baseline };
}

/** @throws Error for an answer other than 200 */
export async function read(agent: Agent, url: string): Promise<Buffer> {
  const [response] = await once(get(url, { agent }), 'response');
  const message = z.custom<IncomingMessage>().parse(response);
  const body = await buffer(message);
  if (message.statusCode !== 200)
    throw new Error(`${url} answered ${message.statusCode}: ${body.toString().slice(0, 200)}`);
  return body;
}
