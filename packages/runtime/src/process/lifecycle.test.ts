import { silentLogger } from '@nightcrier/core/logger';
import { describe, expect, test } from 'vitest';
import { Lifecycle } from './lifecycle.ts';

describe('Lifecycle.stop', () => {
  test('gives back last in, first out, once, however often it is called', async () => {
    const lifecycle = new Lifecycle(silentLogger, 5);
    const order: string[] = [];
    for (const name of ['redis', 'queue', 'server']) lifecycle.onStop(name, () => void order.push(name));
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    await lifecycle.stop();
    expect(order).toEqual(['server', 'queue', 'redis']);
  });

  test('goes on past a part that fails, and names it', async () => {
    const lifecycle = new Lifecycle(silentLogger, 5);
    let released = false;
    lifecycle.onStop('first', () => {
      released = true;
    });
    lifecycle.onStop('second', () => Promise.reject(new Error('no')));
    await expect(lifecycle.stop()).rejects.toThrow('stopping second failed');
    expect(released).toBe(true);
  });

  test('leaves a part that hangs when the deadline passes', async () => {
    const lifecycle = new Lifecycle(silentLogger, 0.05);
    lifecycle.onStop('hung', () => new Promise(() => undefined));
    await expect(lifecycle.stop()).rejects.toThrow('stopping hung failed');
  });
});
