import { open } from 'node:fs/promises';

const TAIL_BYTES = 4_096;
const LONGEST = 500;

/** Returns the last line of a file that is not empty, cut to 500 characters; an empty text if there is none. */
export async function lastLine(file: string): Promise<string> {
  await using handle = await open(file, 'r');
  const { size } = await handle.stat();
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  await handle.read(tail, 0, tail.length, size - tail.length);
  return tail.toString('utf8').trim().split('\n').at(-1)?.slice(0, LONGEST) ?? '';
}
