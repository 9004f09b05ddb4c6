import { defineConfig } from 'vitest/config';
import { LongestFirst } from './checks/longest-first.ts';
import { seededProperties } from './checks/seeded-properties.ts';

/** Unit tests stand beside the code; integration tests under test/ start real processes, so they get time. */
export default defineConfig({
  plugins: [seededProperties()],
  test: {
    include: ['{apps,packages}/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts'],
    // They end a hang. A busy machine may take many times what a quiet one needs.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // `pnpm test --coverage`. It measures what runs inside the test process; processes that tests start are not counted.
    coverage: {
      provider: 'v8',
      include: ['{apps,packages}/*/src/**/*.ts'],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
