import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Size of the young generation from which it grows once more at most, bytes: V8 would let it grow to 128 MB. */
const LARGE_YOUNG_BYTES = 8 * 1024 * 1024;
/** Growth of the old generation until the next collection, percent. V8 would let it grow to four times its size, and keeps the memory. */
const OLD_GROWTH = 40;
/** The same for a short time in which a process needs its CPU time for other things than collections. */
const OLD_GROWTH_AT_PEAK = 150;

/**
 * Keeps the young generation of the heap small while code is loaded: it would grow by 60 MB, which V8 never gives back. A process
 * that runs for long calls {@link allowHeapGrowth} afterwards. Bounds the garbage in the old generation for good.
 */
export function holdHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  boundOldGeneration({ isPeak: false });
}

/**
 * Bounds the garbage in the old generation from the next collection on. At a peak of load the bound is higher: collections take less
 * CPU time, and the heap more memory, until the first one after the peak.
 */
export function boundOldGeneration({ isPeak }: { isPeak: boolean }): void {
  setFlagsFromString(`--heap-growing-percent=${isPeak ? OLD_GROWTH_AT_PEAK : OLD_GROWTH}`);
}

/**
 * Lets the young generation grow with the load, to about twice {@link LARGE_YOUNG_BYTES}. V8 shrinks it in quiet times, so that each
 * collection decides whether the next one may double it.
 */
export function allowHeapGrowth(): void {
  let growing = true;
  setFlagsFromString('--semi-space-growth-factor=2');
  const collections = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    const mayGrow = (young?.space_size ?? 0) < LARGE_YOUNG_BYTES;
    if (mayGrow === growing) return;
    growing = mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${growing ? 2 : 1}`);
  });
  collections.observe({ entryTypes: ['gc'] });
}
