import { open } from 'node:fs/promises';

/** Maximum bytes read of a stream; the log of the agent is limited to the same. */
const MAX_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Decides by the bytes of a line, from `start` to before `end`, whether it is read. */
export type LineFilter = (bytes: Buffer, start: number, end: number) => boolean;

/** The lines of a part of a file. */
export interface LinesOfPart {
  /** The lines that the filter accepts. */
  accepted: Buffer[];
  /** Number of the other lines that are not empty, and of those that are too long. */
  others: number;
}

/** Accepts a line that can be an event, JSON of an object. */
export function canBeEvent(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== OPEN_OBJECT) return false;
  return bytes[bytes[end - 1] === RETURN ? end - 2 : end - 1] === CLOSE_OBJECT;
}

/**
 * Yields the accepted lines of a file with untrusted content, in bounded memory: those of a part of the file at once. A file can have
 * millions of lines, so no line is copied before it is accepted. A line longer than `maxBytes` counts as another one, as does what is
 * beyond 64 MiB. A missing file has no lines.
 */
export async function* readLines(file: string, maxBytes: number, accepts: LineFilter): AsyncGenerator<LinesOfPart> {
  await using handle = await open(file, 'r').catch((error: unknown) => {
    // The container never started, or another worker has moved its logs.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return;
  const chunk = Buffer.alloc(CHUNK_BYTES);
  /** Of the line that began in an earlier chunk. */
  let parts: Buffer[] = [];
  let length = 0;
  let read: LinesOfPart = { accepted: [], others: 0 };
  for (let total = 0; ;) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(CHUNK_BYTES, MAX_BYTES - total + 1));
    total += bytesRead;
    if (bytesRead === 0) break;
    if (total > MAX_BYTES) {
      yield { accepted: [], others: 1 };
      return;
    }
    let begin = 0;
    for (let at = 0; at < bytesRead; at += 1) {
      if (chunk[at] !== NEWLINE) continue;
      if (length > 0) endLine(begin, at);
      else if (at > begin) take(chunk, begin, at);
      begin = at + 1;
    }
    keep(begin, bytesRead);
    yield read;
    read = { accepted: [], others: 0 };
  }
  if (length > 0) {
    endLine(0, 0);
    yield read;
  }

  function take(bytes: Buffer, start: number, end: number): void {
    if (end - start <= maxBytes && accepts(bytes, start, end))
      read.accepted.push(Buffer.from(bytes.subarray(start, end)));
    else read.others += 1;
  }

  function keep(from: number, to: number): void {
    length += to - from;
    if (length > maxBytes) parts = [];
    else if (to > from) parts.push(Buffer.from(chunk.subarray(from, to)));
  }

  function endLine(from: number, to: number): void {
    keep(from, to);
    if (length > maxBytes) read.others += 1;
    else take(Buffer.concat(parts), 0, length);
    parts = [];
    length = 0;
  }
}
