import { PerformanceObserver, constants } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { boundHeap, holdHeapGrowth } from '../src/process/heap-growth.ts';

/** Prints how often the old generation is collected while it grows to some 150 MB, at a peak of load if the argument is `peak`. */
holdHeapGrowth();
boundHeap({ isPeak: process.argv[2] === 'peak' });
let collections = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (isMajor(Reflect.get(entry, 'detail'))) collections += 1;
});
observer.observe({ entryTypes: ['gc'] });
const kept: number[][] = [];
for (let at = 0; at < 2_000; at += 1) {
  kept.push(Array.from({ length: 10_000 }, (_, index) => index + 0.5));
  await nextTurn();
}
console.log(collections);
process.exit(kept.length === 2_000 ? 0 : 1);

function isMajor(detail: unknown): boolean {
  return (
    typeof detail === 'object' && detail !== null && Reflect.get(detail, 'kind') === constants.NODE_PERFORMANCE_GC_MAJOR
  );
}
