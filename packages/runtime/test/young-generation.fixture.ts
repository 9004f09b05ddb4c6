import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { allowHeapGrowth, boundHeap, holdHeapGrowth } from '../src/process/heap-growth.ts';

/** Prints the megabytes of the young generation: held, under load, after it was shrunk, under load again, at a peak, shrunk again. */
holdHeapGrowth();
const held = await load();
allowHeapGrowth();
const loaded = await load();
const shrunk = shrink();
const again = await load();
boundHeap({ isPeak: true });
const peak = await load();
boundHeap({ isPeak: false });
const afterPeak = shrink();
console.log(JSON.stringify({ held, loaded, shrunk, again, peak, afterPeak, last: await load() }));
process.exit(0);

function shrink(): number {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  return young();
}

function young(): number {
  return (getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0) / 1024 / 1024;
}

/** Allocates what survives a few collections of the young generation. */
async function load(): Promise<number> {
  const kept: number[][] = [];
  for (let at = 0; at < 400; at += 1) {
    kept[at % 40] = Array.from({ length: 10_000 }, (_, index) => index + 0.5);
    await nextTurn();
  }
  return young();
}
