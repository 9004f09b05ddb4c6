import { open } from 'node:fs/promises';

/** Maximum bytes read of a stream; the log of the agent is limited to the same. */
const MAX_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/**
 * Yields the lines of a file with untrusted content, as bytes, in bounded memory. Yields undefined for a line longer than
 * `maxBytes`, and for what is beyond 64 MiB. A missing file has no lines.
 */
export async function* readLines(file: string, maxBytes: number): AsyncGenerator<Buffer | undefined> {
  await using handle = await open(file, 'r').catch((error: unknown) => {
    // The container never started, or another worker has moved its logs.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return;
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let parts: Buffer[] = [];
  let length = 0;
  for (let total = 0; ;) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(CHUNK_BYTES, MAX_BYTES - total + 1));
    total += bytesRead;
    if (bytesRead === 0) break;
    if (total > MAX_BYTES) {
      yield undefined;
      return;
    }
    let begin = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1 && end < bytesRead; end = chunk.indexOf(NEWLINE, begin)) {
      keep(begin, end);
      yield line();
      begin = end + 1;
    }
    keep(begin, bytesRead);
  }
  if (length > 0) yield line();

  function keep(from: number, to: number): void {
    length += to - from;
    if (length <= maxBytes) parts.push(Buffer.from(chunk.subarray(from, to)));
    else parts = [];
  }

  function line(): Buffer | undefined {
    const whole = length > maxBytes ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    return whole;
  }
}
