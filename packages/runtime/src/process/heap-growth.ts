import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Largest size of the young generation, bytes: V8 would let it grow to 128 MB. */
const MOST_YOUNG_BYTES = 16 * 1024 * 1024;

/**
 * Keeps the young generation of the heap small while code is loaded: it would grow by 60 MB, which V8 never gives back. A process
 * that runs for long calls {@link allowHeapGrowth} afterwards.
 */
export function holdHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Lets the young generation grow with the load, up to {@link MOST_YOUNG_BYTES}. */
export function allowHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  const collections = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    if ((young?.space_size ?? 0) < MOST_YOUNG_BYTES) return;
    collections.disconnect();
    holdHeapGrowth();
  });
  collections.observe({ entryTypes: ['gc'] });
}
