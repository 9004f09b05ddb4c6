import * as fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';

const { FUZZ_SEED = '20261126' } = process.env;

// A run of the suite must not depend on chance. `FUZZ_SEED=7 pnpm test` tries other values.
fc.configureGlobal({ seed: Number(FUZZ_SEED) });

// oxlint-disable-next-line import/export -- the tests get this module in place of the library
export * from 'fast-check';

const OWN_FILE = fileURLToPath(import.meta.url);

/** Gives the tests fast-check with a fixed seed, and only those that have properties the time to load it. */
export function seededProperties(): Plugin {
  return {
    name: 'seeded-properties',
    enforce: 'pre',
    resolveId: (source, importer) => (source === 'fast-check' && importer !== OWN_FILE ? OWN_FILE : undefined),
  };
}
