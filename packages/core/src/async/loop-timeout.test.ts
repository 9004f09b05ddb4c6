import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { startLoopTimeout } from './loop-timeout.ts';

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('an answer that arrived while the event loop was blocked is in time', async () => {
  const { port1, port2 } = new MessageChannel();
  let isOut = false;
  const timeout = startLoopTimeout(1, () => (isOut = true));
  const answered = once(port2, 'message').then(() => timeout.cancel());
  port1.postMessage('answer');
  block(250);
  await answered;
  expect(isOut).toBe(false);
  port1.close();
});

test('without an answer, it ends after the block as well', async () => {
  let outs = 0;
  const isOut = new Promise<void>((resolve) => startLoopTimeout(1, () => resolve(void (outs += 1))));
  block(250);
  await isOut;
  expect(outs).toBe(1);
});

test('it is not called once it is cancelled', async () => {
  let isOut = false;
  startLoopTimeout(1, () => (isOut = true)).cancel();
  await new Promise<void>((resolve) => startLoopTimeout(5, resolve));
  expect(isOut).toBe(false);
});
