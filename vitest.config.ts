import { defineConfig } from 'vitest/config';

/** Unit tests stand beside the code; integration tests under test/ start real processes, so they get time. */
export default defineConfig({
  test: {
    include: ['{apps,packages}/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
