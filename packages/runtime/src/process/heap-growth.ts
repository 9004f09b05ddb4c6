import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const MIB = 1024 * 1024;

interface HeapBounds {
  /** Size of the young generation from which it grows once more at most, to about twice as much. V8 would let it grow to 128 MB. */
  youngBytes: number;
  /** Growth of the old generation until the next collection, percent. V8 would let it grow to four times its size, and keeps the memory. */
  oldGrowth: number;
}

const USUAL: HeapBounds = { youngBytes: 8 * MIB, oldGrowth: 40 };
/** For a short time in which a process needs its CPU time for other things than collections. */
const AT_PEAK: HeapBounds = { youngBytes: 32 * MIB, oldGrowth: 150 };

let bounds = USUAL;

/**
 * Keeps the young generation of the heap small while code is loaded: it would grow by 60 MB, which V8 never gives back. A process
 * that runs for long calls {@link allowHeapGrowth} afterwards. Bounds the garbage in the old generation for good.
 */
export function holdHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  boundHeap({ isPeak: false });
}

/**
 * Bounds the growth of the heap from the next collection on. At a peak of load the bounds are higher: collections take less CPU time, and
 * the heap more memory. The garbage in the old generation goes with the first collection after the peak; the young generation shrinks
 * when it is quiet.
 */
export function boundHeap({ isPeak }: { isPeak: boolean }): void {
  bounds = isPeak ? AT_PEAK : USUAL;
  setFlagsFromString(`--heap-growing-percent=${bounds.oldGrowth}`);
}

/**
 * Lets the young generation grow with the load within its bound. V8 shrinks it in quiet times, so that each collection decides whether
 * the next one may double it.
 */
export function allowHeapGrowth(): void {
  let growing = true;
  setFlagsFromString('--semi-space-growth-factor=2');
  const collections = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    const mayGrow = (young?.space_size ?? 0) < bounds.youngBytes;
    if (mayGrow === growing) return;
    growing = mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${growing ? 2 : 1}`);
  });
  collections.observe({ entryTypes: ['gc'] });
}
