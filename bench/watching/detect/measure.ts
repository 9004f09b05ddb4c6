import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { WATCHERS } from './clients.ts';

/** Measures one way to see the cluster, in a process of its own: `measure.ts NAME SERVER KUBECONFIG PODS`. */

const [name, server = '', kubeconfig = '', pods = '0'] = process.argv.slice(2);
const SETTLE_MS = 1_000;
/** Pods that change: fifty a second. */
const CHANGES = 200;
const CHANGE_MS = 20;
const POLLS = 3;

/** Between two looks at the clock, ms. */
const TICK_MS = 2;

/**
 * Measures the longest time for which the event loop came to no timer. In time of the CPU, so that other processes of a busy machine do not
 * count.
 */
function watchBlocks(): { longest: () => number } {
  let longest = 0;
  let last = process.threadCpuUsage();
  setInterval(() => {
    const { user, system } = process.threadCpuUsage(last);
    longest = Math.max(longest, (user + system) / 1_000);
    last = process.threadCpuUsage();
  }, TICK_MS).unref();
  return { longest: () => longest };
}

function rss(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage.rss() / (1 << 20);
}

const watcher = await WATCHERS[z.enum(['watch', 'poll', 'bare-watch', 'bare-poll']).parse(name)]({
  server,
  kubeconfig,
});
await sleep(SETTLE_MS);
const before = rss();
const blocks = watchBlocks();
const cpu = process.cpuUsage();
await watcher.start();
const listed = process.cpuUsage(cpu);
await sleep(SETTLE_MS);
const blockedByList = blocks.longest();
const growth = rss() - before;
// The collection of garbage for the measurement is none of the client's.
const afterwards = watchBlocks();
for (let change = 0; change < CHANGES; change += 1) {
  process.send?.({ order: 'change', pod: (change * 7) % Number(pods) });
  await sleep(CHANGE_MS);
}
while (name?.endsWith('poll') && watcher.polls() < POLLS) await sleep(50);
const { user, system } = process.cpuUsage(cpu);
const polls = Math.max(1, watcher.polls());
process.send?.({
  figures: {
    rss_mb: growth,
    cpu_s: (user + system) / 1e6 / (name?.endsWith('poll') ? polls : 1),
    first_cpu_s: (listed.user + listed.system) / 1e6,
    block_ms: Math.max(blockedByList, afterwards.longest()),
    polls,
  },
});
