import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { TestBackend } from './backend.ts';
import { TestHarness } from './harness.ts';

/** The backend of the test file that imports this, and the harness of its current test. */
export let backend: TestBackend;
export let harness: TestHarness;

beforeAll(async () => {
  backend = await TestBackend.start();
});
afterAll(() => backend.stop());
beforeEach(async () => {
  harness = await TestHarness.open(backend);
});
afterEach(() => harness.close());
