import { setTimeout as sleep } from 'node:timers/promises';
import { WatchedIntake } from '../../test/fixtures/watched-intake.ts';
import type { Bench } from '../run.ts';

const CATCH_UP_MS = 120_000;

/** The failures of Redis while about 1,000 faults a second arrive. */
const OUTAGES = {
  async hangs_20_s(intake: WatchedIntake) {
    intake.signalRedis('SIGSTOP');
    await sleep(20_000);
    intake.signalRedis('SIGCONT');
  },
  async away_60_s(intake: WatchedIntake) {
    await intake.killRedis();
    await sleep(60_000);
    await intake.restartRedis();
  },
};

export const bench: Bench = {
  description: 'Redis hangs for 20 s, and is killed and unreachable for 60 s, under load: the outcome of each fault',
  async measure(progress) {
    const figures: Record<string, unknown> = {};
    for (const [name, outage] of Object.entries(OUTAGES)) {
      const intake = await WatchedIntake.start({ proxied: true });
      try {
        await intake.startIngester();
        const ending = new AbortController();
        const load = emitUntil(intake, ending.signal);
        await sleep(1_000);
        await outage(intake);
        await sleep(1_000);
        ending.abort();
        await load;
        figures[name] = await outcome(intake);
        progress(`${name} ${JSON.stringify(figures[name])}`);
      } finally {
        await intake.dispose();
      }
    }
    return figures;
  },
};

async function emitUntil(intake: WatchedIntake, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await intake.emitFor(100);
}

async function outcome(intake: WatchedIntake): Promise<object> {
  const begun = Date.now();
  while ((await intake.books()).total.received < intake.sent && Date.now() - begun < CATCH_UP_MS) await sleep(500);
  const catch_up_ms = Date.now() - begun;
  // Only after the load: pages of a growing list overlap.
  const { sent, incidents, doubled, books } = await intake.account();
  const { received, lost } = books.total;
  return { sent, received, incidents, doubled, lost, books_balance: books.balanced, catch_up_ms };
}
