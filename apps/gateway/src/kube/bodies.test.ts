import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { PassedBytes, redactEvents } from './bodies.ts';

const SAMPLED = 32 * 1024;

function pass(content: Buffer, lengths: readonly number[], limit = Number.POSITIVE_INFINITY): PassedBytes {
  const passed = new PassedBytes(limit);
  let [at, turn] = [0, 0];
  while (at < content.length) {
    const length = lengths[turn % lengths.length] ?? 1;
    passed.add(content.subarray(at, at + length));
    at += length;
    turn += 1;
  }
  return passed;
}

test.each([
  ['one byte at a time', [1]],
  ['pieces that end at no boundary', [1000, 7, 16_384]],
  ['pieces of the length of the sample', [SAMPLED]],
  ['pieces longer than the sample', [3 * SAMPLED + 5, 11]],
])('keeps the begin and the end of what passes in %s', (_title, lengths) => {
  for (const total of [0, 10, SAMPLED, SAMPLED + 1, 2 * SAMPLED, 2 * SAMPLED + 1, 7 * SAMPLED + 13]) {
    const content = randomBytes(total);
    const passed = pass(content, lengths);
    const expected =
      total <= 2 * SAMPLED ? content : Buffer.concat([content.subarray(0, SAMPLED), content.subarray(-SAMPLED)]);
    expect(passed.bytes).toBe(total);
    expect(passed.sample.equals(expected), `${total} bytes`).toBe(true);
  }
});

test('reports an answer that is longer than the limit with the piece that exceeds it', () => {
  const passed = new PassedBytes(10);
  expect(passed.add(Buffer.alloc(10))).toBeUndefined();
  expect(passed.add(Buffer.alloc(1))?.message).toBe('the answer has more than 10 bytes');
});

test('redacts an event of a watch whatever pieces it comes in, and counts what is passed on', async () => {
  const data = { password: 'hunter2-hunter2' };
  const event = JSON.stringify({ type: 'ADDED', object: { kind: 'Secret', apiVersion: 'v1', data } });
  const text = Buffer.from(`${event}\n${event}`);
  for (const size of [1, 17, text.length]) {
    const passed = new PassedBytes(1_000_000);
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.subarray(index * size, (index + 1) * size),
    );
    const out: Buffer[] = [];
    for await (const piece of redactEvents(inPieces(pieces), passed)) out.push(piece);
    const result = Buffer.concat(out);
    expect(result.toString().split('\n').filter(Boolean)).toHaveLength(2);
    expect(result.includes('hunter2')).toBe(false);
    expect(passed.bytes).toBe(result.length);
  }
});

async function* inPieces(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}
