import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { Bench, World } from './bench.ts';

/** Of the test file that imports this: its world, and the bench of the test that runs. */
export let world: World;
export let bench: Bench;

beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());
beforeEach(async () => {
  bench = await Bench.open(world);
});
afterEach(() => bench.close());
