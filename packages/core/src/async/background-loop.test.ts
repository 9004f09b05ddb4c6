import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { BackgroundLoop, type BackgroundLoopOptions, type LoopTimers } from './background-loop.ts';

/** A clock that a test moves. */
class ManualTimers implements LoopTimers {
  time = 0;
  readonly #due = new Map<NodeJS.Timeout, { at: number; run: () => void }>();
  readonly now = (): number => this.time;
  readonly setTimeout = (run: () => void, ms: number): NodeJS.Timeout => {
    const timer = setTimeout(() => undefined, 0);
    this.#due.set(timer, { at: this.time + ms, run });
    return timer;
  };
  readonly clearTimeout = (timer: NodeJS.Timeout | undefined): void => void (timer && this.#due.delete(timer));

  get pending(): number {
    return this.#due.size;
  }

  /** Moves the clock and lets what became due run. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await setImmediate();
      const [next] = [...this.#due].filter(([, { at }]) => at <= end).toSorted(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      const [timer, { at, run }] = next;
      this.#due.delete(timer);
      this.time = Math.max(this.time, at);
      run();
    }
    this.time = end;
  }
}

/** A loop whose runs last until the test ends them. */
function manualLoop(options: Partial<BackgroundLoopOptions> = {}) {
  const timers = new ManualTimers();
  const starts: number[] = [];
  const errors: unknown[] = [];
  const runs: PromiseWithResolvers<number | undefined>[] = [];
  const loop = new BackgroundLoop(
    (signal) => {
      starts.push(timers.time);
      const run = Promise.withResolvers<number | undefined>();
      signal.addEventListener('abort', () => run.reject(signal.reason));
      runs.push(run);
      return run.promise;
    },
    { interval: 100, onError: (error) => errors.push(error), timers, ...options },
  );
  const end = async (wait?: number): Promise<void> => {
    runs.at(-1)?.resolve(wait);
    await setImmediate();
  };
  return { timers, starts, errors, runs, loop, end };
}

describe('BackgroundLoop', () => {
  test('runs immediately, then an interval after the end of each run', async () => {
    const { timers, starts, loop, end } = manualLoop();
    loop.start();
    expect(starts).toEqual([0]);
    await timers.pass(30);
    await end();
    await timers.pass(99);
    expect(starts).toEqual([0]);
    await timers.pass(1);
    expect(starts).toEqual([0, 130]);
  });

  test('starts its first run after the interval when configured so', async () => {
    const { timers, starts, loop } = manualLoop({ firstRun: 'after_interval' });
    loop.start();
    await timers.pass(99);
    expect(starts).toEqual([]);
    await timers.pass(1);
    expect(starts).toEqual([100]);
  });

  test('at a fixed rate counts from start to start, and catches up without overlap', async () => {
    const { timers, starts, loop, end } = manualLoop({ pacing: 'fixed_rate' });
    loop.start();
    await timers.pass(30);
    await end();
    await timers.pass(70);
    expect(starts).toEqual([0, 100]);
    await timers.pass(250);
    expect(starts).toEqual([0, 100]);
    await end();
    await timers.pass(0);
    expect(starts).toEqual([0, 100, 350]);
  });

  test('waits as long as a run says, once', async () => {
    const { timers, starts, loop, end } = manualLoop();
    loop.start();
    await end(5);
    await timers.pass(5);
    await end();
    await timers.pass(100);
    expect(starts).toEqual([0, 5, 105]);
  });

  test('runs immediately when it is woken while it waits, once for many wakes', async () => {
    const { timers, starts, loop, end } = manualLoop();
    loop.start();
    await end();
    await timers.pass(10);
    loop.wake();
    loop.wake();
    await timers.pass(0);
    expect(starts).toEqual([0, 10]);
    await end();
    await timers.pass(99);
    expect(starts).toEqual([0, 10]);
  });

  test('runs once more when it is woken during a run', async () => {
    const { timers, starts, loop, end } = manualLoop();
    loop.start();
    loop.wake();
    loop.wake();
    await timers.pass(20);
    expect(starts).toEqual([0]);
    await end();
    await timers.pass(0);
    expect(starts).toEqual([0, 20]);
    await end();
    await timers.pass(99);
    expect(starts).toEqual([0, 20]);
  });

  test('collects what wakes it within a time into one run, and a later wake delays none', async () => {
    const { timers, starts, loop, end } = manualLoop({ interval: Infinity, firstRun: 'after_interval' });
    loop.start();
    await timers.pass(1_000_000);
    loop.wake(50);
    await timers.pass(30);
    loop.wake(50);
    await timers.pass(20);
    expect(starts).toEqual([1_000_050]);
    await end();
    expect(timers.pending).toBe(0);
  });

  test('continues after an error and reports it', async () => {
    const { timers, starts, errors, runs, loop } = manualLoop();
    loop.start();
    runs[0]?.reject(new Error('no disk'));
    await timers.pass(100);
    expect(errors).toEqual([new Error('no disk')]);
    expect(starts).toEqual([0, 100]);
  });

  test('reports what is thrown before the first await', async () => {
    const errors: unknown[] = [];
    const loop = new BackgroundLoop(
      () => {
        throw new Error('no disk');
      },
      { interval: 100, onError: (error) => errors.push(error), timers: new ManualTimers() },
    );
    loop.start();
    await loop.stop();
    expect(errors).toEqual([new Error('no disk')]);
  });
});

describe('BackgroundLoop.stop', () => {
  test('waits for the run in progress, and starts no other', async () => {
    const timers = new ManualTimers();
    const work = Promise.withResolvers<void>();
    let runs = 0;
    const loop = new BackgroundLoop(
      async () => {
        runs += 1;
        await work.promise;
      },
      { interval: 100, onError: () => undefined, timers },
    );
    loop.start();
    loop.wake();
    let stopped = 0;
    const stops = [loop.stop(), loop.stop()].map((stop) => stop.then(() => (stopped += 1)));
    await setImmediate();
    expect(stopped).toBe(0);
    work.resolve();
    await Promise.all(stops);
    await timers.pass(1_000);
    expect(runs).toBe(1);
  });

  test('aborts the run in progress, which is not an error', async () => {
    const { loop, errors } = manualLoop();
    loop.start();
    await loop.stop();
    expect(errors).toEqual([]);
  });

  test('reports an error of another cause while it stops', async () => {
    const errors: unknown[] = [];
    const failure = Promise.withResolvers<void>();
    const loop = new BackgroundLoop(async () => failure.promise, {
      interval: 100,
      onError: (error) => errors.push(error),
    });
    loop.start();
    const stopped = loop.stop();
    failure.reject(new Error('no disk'));
    await stopped;
    expect(errors).toEqual([new Error('no disk')]);
  });

  test('cancels the wait for the next run, and what wakes it later', async () => {
    const { timers, starts, loop, end } = manualLoop();
    loop.start();
    await end();
    await loop.stop();
    loop.wake();
    loop.start();
    await timers.pass(1_000);
    expect(starts).toEqual([0]);
    expect(timers.pending).toBe(0);
  });

  test('before the start keeps it from running', async () => {
    const { starts, loop } = manualLoop();
    loop.wake();
    await loop.stop();
    loop.start();
    expect(starts).toEqual([]);
  });
});
