import { setTimeout as sleep } from 'node:timers/promises';
import { NEEDS_NATIVE, nativeKind } from '../fixtures/redis-server.ts';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { WatchedIntake } from '../fixtures/watched-intake.ts';

const patient = { timeout: 120_000, interval: 100 };
/** Many times the duration on an idle machine. */
const LIMIT_MS = 600_000;

describe.skipIf(!nativeKind)(`faults survive${nativeKind ? '' : ` (skipped: ${NEEDS_NATIVE})`}`, () => {
  let intake: WatchedIntake;
  beforeEach(async () => {
    intake = await WatchedIntake.start({ proxied: true });
  });
  afterEach(() => intake.dispose());

  /** Waits until the books count every fault, then returns the outcomes. */
  async function outcome(): Promise<object> {
    await expect.poll(async () => (await intake.books()).total.received, patient).toBe(intake.sent);
    await expect.poll(() => intake.spooled(), patient).toBe(0);
    const { sent, incidents, doubled, books } = await intake.account();
    return { sent, incidents, doubled, queued: books.total.queued, lost: books.total.lost, off: books.off };
  }

  /** Expects exactly one incident per fault. */
  const exactly = (sent: number): object => ({ sent, incidents: sent, doubled: 0, queued: sent, lost: 0, off: [] });

  test('a Redis that is killed, restarted, and then hangs, under load', { timeout: LIMIT_MS }, async () => {
    await intake.startIngester();
    const load = intake.emitFor(5_000);
    await sleep(500);
    await intake.killRedis();
    await sleep(1_000);
    await intake.restartRedis();
    await expect.poll(async () => (await intake.books()).total.received, patient).toBeGreaterThan(intake.sent / 2);
    intake.signalRedis('SIGSTOP');
    await sleep(2_500);
    intake.signalRedis('SIGCONT');
    await load;
    expect(await outcome()).toEqual(exactly(intake.sent));
  });

  test('a network that drops every connection to Redis each 100 ms', { timeout: LIMIT_MS }, async () => {
    await intake.startIngester();
    const cutting = setInterval(() => intake.cutConnections(), 100);
    await intake.emitFor(2_000);
    clearInterval(cutting);
    expect(await outcome()).toEqual(exactly(intake.sent));
  });

  test('an ingester that is killed while it spools, and again while it replays', { timeout: LIMIT_MS }, async () => {
    const first = await intake.startIngester();
    await intake.killRedis();
    intake.emit(800);
    await expect.poll(() => intake.spooled(), patient).toBe(800);
    await first.kill();

    const second = await intake.startIngester();
    intake.emit(200);
    await expect.poll(() => intake.spooled(), patient).toBe(1_000);
    await intake.restartRedis();
    await expect
      .poll(async () => (await intake.books()).total.received, { ...patient, interval: 5 })
      .toBeGreaterThan(0);
    await second.kill();

    await intake.startIngester();
    expect(await outcome()).toEqual(exactly(intake.sent));
  });
});

test.skipIf(!nativeKind)(
  `the books count what a full spool lost before its ingester was killed${nativeKind ? '' : ` (skipped: ${NEEDS_NATIVE})`}`,
  { timeout: LIMIT_MS },
  async () => {
    const intake = await WatchedIntake.start({ settings: { spool_max_bytes: 1_000_000 } });
    onTestFinished(() => intake.dispose());
    const ingester = await intake.startIngester();
    await intake.killRedis();
    intake.emit(1_500);
    const accounted = async (): Promise<number> => (await intake.spooled()) + (await intake.countsKept());
    await expect.poll(accounted, patient).toBe(1_500);
    expect(await intake.countsKept()).toBeGreaterThan(100);
    await ingester.kill();

    await intake.restartRedis();
    await intake.startIngester();
    await expect.poll(async () => (await intake.books()).total.received, patient).toBe(1_500);
    const { books, incidents } = await intake.account();
    expect(books.total.lost).toBeGreaterThan(100);
    expect({ accounted: incidents + books.total.lost, off: books.off }).toEqual({ accounted: 1_500, off: [] });
  },
);

test.skipIf(!nativeKind)(
  `the books count what a killed ingester filtered while Redis was unreachable${nativeKind ? '' : ` (skipped: ${NEEDS_NATIVE})`}`,
  { timeout: LIMIT_MS },
  async () => {
    const intake = await WatchedIntake.start({ settings: { severity_threshold: 'critical' } });
    onTestFinished(() => intake.dispose());
    const filtered = async (): Promise<number> => (await intake.books()).total.filtered;
    const first = await intake.startIngester();
    intake.emit(50, 'warning');
    await expect.poll(filtered, patient).toBe(50);
    await intake.killRedis();
    intake.emit(300, 'warning');
    await expect.poll(() => intake.countsKept(), patient).toBe(300);
    await first.kill();

    const second = await intake.startIngester();
    intake.emit(10, 'warning');
    await expect.poll(() => intake.countsKept(), patient).toBe(310);
    await second.kill();

    await intake.startIngester();
    await intake.restartRedis();
    await expect.poll(filtered, patient).toBe(360);
    await expect.poll(() => intake.countsKept(), patient).toBe(0);
    expect((await intake.books()).total).toMatchObject({ received: 360, filtered: 360, queued: 0 });
  },
);
