import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the young generation of the heap small while code is loaded: it would grow by 60 MB, which V8 never gives back. A long
 * running command calls {@link allowHeapGrowth} afterwards.
 */
export function holdHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Lets the young generation grow with the load, as V8 does by default. */
export function allowHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
