import { array, assert, asyncProperty, constantFrom, integer, tuple, uint8Array } from 'fast-check';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { followStreams } from './follow-streams.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nightcrier-streams-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const END = '\nnightcrier: agent ended code=3 timed_out=0 oom=1\n';

function frame(stream: 1 | 2, text: string | Buffer): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

async function* chunksOf(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

const kept = async (): Promise<[string, string]> => [
  await readFile(path.join(folder, 'agent-stdout.log'), 'latin1'),
  await readFile(path.join(folder, 'agent-stderr.log'), 'latin1'),
];

it('keeps both streams as the agent wrote them, however they are cut, and reads the end', async () => {
  await assert(
    asyncProperty(
      array(tuple(constantFrom(1 as const, 2 as const), uint8Array({ maxLength: 400 })), { maxLength: 20 }),
      integer({ min: 1, max: 500 }),
      async (pieces, size) => {
        const frames = pieces.map(([stream, bytes]) => frame(stream, Buffer.from(bytes)));
        const whole = Buffer.concat([...frames, frame(2, END), frame(1, END)]);
        expect(await followStreams(chunksOf(whole, size), folder)).toEqual({ code: 3, timedOut: false, oom: true });
        const textOf = (wanted: 1 | 2): string =>
          Buffer.concat(pieces.filter(([stream]) => stream === wanted).map(([, bytes]) => Buffer.from(bytes))).toString(
            'latin1',
          );
        expect(await kept()).toEqual([textOf(1), textOf(2)]);
      },
    ),
    { numRuns: 60 },
  );
});

it('waits for the end of the other stream, whose last lines come later', async () => {
  const whole = Buffer.concat([frame(2, `words${END}`), frame(1, 'the result\n'), frame(1, END)]);
  expect(await followStreams(chunksOf(whole, 1_000), folder)).toBeDefined();
  expect(await kept()).toEqual(['the result\n', 'words']);
});

it('knows no end of a container that was killed', async () => {
  expect(await followStreams(chunksOf(frame(1, 'half a li'), 5), folder)).toBeUndefined();
  expect(await kept()).toEqual(['half a li', '']);
});

it('takes a small output out of the stream, and leaves the rest as it was', async () => {
  const packed = Buffer.from('an archive '.repeat(40)).toString('base64').replaceAll(/.{76}/g, '$&\n');
  const whole = Buffer.concat([
    frame(2, `words\nnightcrier: output follows\nof the agent\nnightcrier: output follows\n${packed}${END}`),
    frame(1, END),
  ]);
  const { output } = (await followStreams(chunksOf(whole, 100), folder)) ?? {};
  expect(output?.toString()).toBe('an archive '.repeat(40));
  expect(await kept()).toEqual(['', 'words\nnightcrier: output follows\nof the agent']);
});

it('leaves what is no archive in the stream', async () => {
  const words = 'nightcrier: output follows\n<!-- a quotation -->';
  const whole = Buffer.concat([frame(2, `\n${words}${END}`), frame(1, END)]);
  expect(await followStreams(chunksOf(whole, 100), folder)).not.toHaveProperty('output');
  expect(await kept()).toEqual(['', `\n${words}`]);
});

it('takes the line for the end only when nothing follows it', async () => {
  const whole = Buffer.concat([frame(1, `${END}the agent has quoted it`), frame(2, 'x')]);
  expect(await followStreams(chunksOf(whole, 100), folder)).toBeUndefined();
});

it('refuses a stream that is not in the format of the engine', async () => {
  await expect(followStreams(chunksOf(Buffer.from('HTTP/1.1 500 oops'), 100), folder)).rejects.toThrow(
    "the engine's log stream names a stream 72",
  );
});
