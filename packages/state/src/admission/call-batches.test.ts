import { expect, test } from 'vitest';
import { CallBatches, type SendBatch } from './call-batches.ts';

/** Batches whose answers are given by hand. */
function openBatches() {
  const sent: { calls: number[]; answer: (answers: (string | Error)[]) => void }[] = [];
  const send: SendBatch<number, string> = (calls) =>
    new Promise((resolve) => {
      sent.push({ calls, answer: resolve });
    });
  return { batches: new CallBatches(send), sent };
}

const echo = (calls: number[]): string[] => calls.map((call) => `answer ${call}`);

test('sends calls that arrive while others are in flight together, in order, and returns each its answer', async () => {
  const { batches, sent } = openBatches();
  const answers = [batches.call(1)];
  await expect.poll(() => sent.length).toBe(1);
  answers.push(batches.call(2));
  await expect.poll(() => sent.length).toBe(2);
  answers.push(...[3, 4, 5].map(async (call) => batches.call(call)));
  sent[0]?.answer(echo([1]));
  await expect.poll(() => sent.length).toBe(3);
  expect(sent.map(({ calls }) => calls)).toEqual([[1], [2], [3, 4, 5]]);
  for (const { calls, answer } of sent) answer(echo(calls));
  expect(await Promise.all(answers)).toEqual(echo([1, 2, 3, 4, 5]));
});

test('a batch is bounded', async () => {
  const batches = new CallBatches<number, number>(async (calls) => calls.map(() => calls.length));
  const sizes = await Promise.all(Array.from({ length: 120 }, async (_, call) => batches.call(call)));
  expect(Math.max(...sizes)).toBe(50);
});

test('a failed call fails alone; a failed or partly answered batch fails all its calls', async () => {
  const { batches, sent } = openBatches();
  const outcomes = Promise.allSettled([1, 2].map(async (call) => batches.call(call)));
  await expect.poll(() => sent.length).toBe(1);
  sent[0]?.answer(['fine', new Error('refused')]);
  expect(await outcomes).toEqual([
    { status: 'fulfilled', value: 'fine' },
    { status: 'rejected', reason: new Error('refused') },
  ]);
  const unanswered = Promise.allSettled([batches.call(3)]);
  await expect.poll(() => sent.length).toBe(2);
  sent[1]?.answer([]);
  expect(await unanswered).toMatchObject([{ reason: new Error('a batch of 1 calls got 0 answers') }]);
  const failing = new CallBatches(async () => Promise.reject(new Error('Redis is unreachable')));
  await expect(failing.call(1)).rejects.toThrow('Redis is unreachable');
});
