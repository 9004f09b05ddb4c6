import { open } from 'node:fs/promises';

/** Maximum bytes read of a stream; the log of the agent is limited to the same. */
const MAX_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Returns whether a line can be an event, JSON of an object. Millions of lines that are none take no time then. */
export function canBeEvent(line: Buffer): boolean {
  const end = line.at(-1) === 0x0d ? -2 : -1;
  return line[0] === OPEN_OBJECT && line.at(end) === CLOSE_OBJECT;
}

/**
 * Yields the lines of a file with untrusted content, as bytes, in bounded memory: those of a part of the file at once, because a file
 * can have millions. A line longer than `maxBytes` is undefined, as is what is beyond 64 MiB. A missing file has no lines.
 */
export async function* readLines(file: string, maxBytes: number): AsyncGenerator<(Buffer | undefined)[]> {
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
      yield [undefined];
      return;
    }
    const lines: (Buffer | undefined)[] = [];
    let begin = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1 && end < bytesRead; end = chunk.indexOf(NEWLINE, begin)) {
      keep(begin, end);
      lines.push(line());
      begin = end + 1;
    }
    keep(begin, bytesRead);
    yield lines;
  }
  if (length > 0) yield [line()];

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
