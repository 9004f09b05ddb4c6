import { silentLogger } from '@nightcrier/core/logger';
import { describe, expect, test } from 'vitest';
import { Lifecycle } from './lifecycle.ts';

describe('Lifecycle.stop', () => {
  test('releases in reverse order, once, for concurrent and later calls', async () => {
    const lifecycle = new Lifecycle(silentLogger, 5);
    const order: string[] = [];
    for (const name of ['redis', 'queue', 'server']) lifecycle.onStop(name, () => void order.push(name));
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    await lifecycle.stop();
    expect(order).toEqual(['server', 'queue', 'redis']);
  });

  test('continues after a failed release, and names it', async () => {
    const lifecycle = new Lifecycle(silentLogger, 5);
    let released = false;
    lifecycle.onStop('first', () => {
      released = true;
    });
    lifecycle.onStop('second', () => Promise.reject(new Error('no')));
    await expect(lifecycle.stop()).rejects.toThrow('stopping second failed');
    expect(released).toBe(true);
  });

  test('gives up a release that hangs at the deadline', async () => {
    const lifecycle = new Lifecycle(silentLogger, 0.05);
    lifecycle.onStop('hung', () => new Promise(() => undefined));
    await expect(lifecycle.stop()).rejects.toThrow('stopping hung failed');
  });
});
