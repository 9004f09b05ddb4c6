import { once } from 'node:events';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { type Extract, extract, type Header } from 'tar-stream';
import type { OutputSummary } from '../../../agent-runtime.ts';

/** Bounds of what is taken; sparse files may claim any size. */
const LARGEST_OUTPUT = 64 * 1024 * 1024;
const MOST_ENTRIES = 4_096;
const DEEPEST = 16;

/**
 * Extracts an agent's output, which an agent may have made to harm the reader: files and directories only, each below the
 * directory, within bounds of size and number. Everything else is skipped and named.
 * @throws Error when the stream is no tar archive, or breaks off
 */
export async function extractOutput(archive: Readable, directory: string): Promise<OutputSummary> {
  const skipped: OutputSummary['skipped'] = new Map();
  const entries = extract();
  void feed(archive, entries);
  try {
    let bytes = 0;
    let count = 0;
    for await (const entry of entries) {
      const name = relativeName(entry.header);
      const { size } = entry.header;
      const isBeyond = bytes + size > LARGEST_OUTPUT;
      const problem = problemOf(entry.header, name) ?? (isBeyond ? 'is beyond 64 MiB in total' : undefined);
      if (count >= MOST_ENTRIES) {
        skipped.set('…', `more than ${MOST_ENTRIES} entries`);
        break;
      }
      count += 1;
      if (problem !== undefined) {
        skipped.set(name, problem);
        entry.resume();
        continue;
      }
      bytes += size;
      await write(entry, path.join(directory, name));
    }
  } finally {
    archive.destroy();
  }
  return { skipped };
}

/** The engine names entries `./file` or `output/file`. */
function relativeName({ name }: Header): string {
  return name.replace(/^(?:\.\/|output\/)/, '').replace(/\/+$/, '');
}

function problemOf({ type }: Header, name: string): string | undefined {
  if (type === 'symlink') return 'is a symbolic link';
  if (type !== 'file' && type !== 'directory') return 'is not a regular file';
  const parts = name.split('/');
  const isOutside = path.isAbsolute(name) || parts.includes('..') || name.includes('\0');
  if (isOutside || parts.length > DEEPEST) return 'has a path that is not accepted';
  return undefined;
}

type Entry = Extract extends AsyncIterable<infer T> ? T : never;

/** Writes the archive into the parser; an error of either ends both. */
async function feed(archive: Readable, entries: Extract): Promise<void> {
  try {
    for await (const chunk of archive) if (!entries.write(chunk)) await once(entries, 'drain');
    entries.end(undefined);
  } catch (error) {
    entries.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

async function write(entry: Entry, target: string): Promise<void> {
  if (entry.header.type === 'directory') {
    entry.resume();
    await mkdir(target, { recursive: true, mode: 0o700 });
    return;
  }
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  // Of an earlier copy, by a worker that died.
  await rm(target, { recursive: true, force: true });
  await using file = await open(target, 'wx', 0o600);
  for await (const chunk of entry) await file.write(asBytes(chunk));
}

/** @throws TypeError when the chunk is no bytes */
function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError(`a stream of bytes yielded ${typeof chunk}`);
}
