import { ProblemEvent } from '@nightcrier/core/problems/problem-notification';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { nativeKind } from '../fixtures/redis-server.ts';
import { SlackServer } from '../fixtures/slack-server.ts';
import { WatchedIntake } from '../fixtures/watched-intake.ts';

const patience = { timeout: 120_000, interval: 100 };
const WORKLOADS = ['cart', 'checkout', 'search'];

const Body = z.object({ id: z.string(), event: ProblemEvent, problem: z.object({ workload: z.string() }) });

/** What a webhook was notified of, by workload: the ids of each event. It knows nothing but what it receives. */
async function startLedger() {
  const ids = new Map<string, Set<string>>();
  const server = createServer((request, response) => {
    const receive = async (): Promise<void> => {
      const { id, event, problem } = Body.parse(await json(request));
      const name = `${problem.workload} ${event}`;
      ids.set(name, (ids.get(name) ?? new Set()).add(id));
      response.end('{}');
    };
    receive().catch(() => response.writeHead(400).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    /** Workloads whose event was notified of, in the order of the alphabet. */
    with: (event: ProblemEvent) => WORKLOADS.filter((workload) => ids.has(`${workload} ${event}`)),
    /** How many different notifications there were of each event of each workload. */
    counts: () => Object.fromEntries([...ids].map(([name, different]) => [name, different.size])),
  };
}

test.skipIf(nativeKind === undefined)(
  'each receiver is notified of each state once while worker, ingester and Redis are killed (needs a native Redis server)',
  async () => {
    await using slack = await SlackServer.start();
    const ledger = await startLedger();
    const system = await WatchedIntake.start({
      settings: {
        grouping: 'workload',
        crash_recovery_after: 3,
        recovery_after: 3,
        recovery_interval: 1,
        slack_bot_token: slack.token,
        slack_channel: 'C0123456789',
        slack_api_url: slack.apiUrl,
        webhook_url: ledger.url,
      },
    });
    onTestFinished(() => system.dispose());
    const [cluster] = system.clusters;
    if (!cluster) throw new Error('no cluster');
    const cards = (): string[] =>
      slack.messages.filter(({ thread_ts }) => thread_ts === undefined).map(({ text }) => text.slice(0, 2));
    const killWorker = async (): Promise<void> => {
      await system.killWorkers();
      await system.startWorker({ quickLocks: true });
    };

    let ingester = await system.startIngester();
    await system.startWorker({ quickLocks: true });
    const runs = [];
    for (const name of WORKLOADS) runs.push(await cluster.run('crash-loop-back-off', { name }));
    await expect.poll(() => ledger.with('reported').length, patience).toBeGreaterThan(0);
    await killWorker();
    await system.killRedis();
    await system.restartRedis();
    await expect.poll(() => ledger.with('reported'), patience).toEqual(WORKLOADS);
    await expect.poll(() => cards().length, patience).toBe(WORKLOADS.length);

    for (const run of runs) run.heal();
    await ingester.kill();
    ingester = await system.startIngester();
    await expect.poll(() => ledger.with('recovered').length, patience).toBeGreaterThan(0);
    await killWorker();
    await system.killRedis();
    await system.restartRedis();
    await expect.poll(() => ledger.with('recovered'), patience).toEqual(WORKLOADS);
    await expect.poll(cards, patience).toEqual(WORKLOADS.map(() => '🟢'));

    expect(ledger.counts()).toEqual(
      Object.fromEntries(
        WORKLOADS.flatMap((name) => [
          [`${name} reported`, 1],
          [`${name} recovered`, 1],
        ]),
      ),
    );
    expect(slack.violations).toEqual([]);
    expect((await system.books()).off).toEqual([]);
  },
  600_000,
);
