import { detectHistory, type KubernetesObject } from '@nightcrier/cluster/detection/detect-history';
import { FaultEvent } from '@nightcrier/core/faults/fault';
import { RESOURCE_TYPES } from '@nightcrier/simulator/kubernetes/objects/resource-types';
import { scenarioNames } from '@nightcrier/simulator/scenario';
import { startSimulatedCluster } from '@nightcrier/simulator/simulated-cluster';
import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

const { FUZZ_CASES = '1000', FUZZ_SEED = '20261126' } = process.env;

let objects: KubernetesObject[] = [];
beforeAll(async () => {
  const cluster = await startSimulatedCluster({ name: 'west' });
  try {
    for (const name of scenarioNames) await cluster.run(name);
    objects = RESOURCE_TYPES.flatMap((type) => cluster.store.list(type));
  } finally {
    await cluster.stop();
  }
});

/** What a server may send in place of any value. */
const junk = fc.oneof(
  fc.constantFrom<unknown>(null, '', '\u0000', '__proto__', 'constructor', -1, 1e300, 0.5, [], {}, [null], true),
  fc.constantFrom(
    '9'.repeat(400),
    '2026-13-45T99:99:99Z',
    '275760-09-14T00:00:00Z',
    'a'.repeat(300),
    '\ud800',
    'cart\n\u001b[31m\u202e-1',
    '../..',
  ),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.double(),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Control characters and half surrogates, as JSON escapes them, and marks that reorder text. */
const UNPRINTABLE = /\\(?:[bfnrt]|u[\da-f]{4})|[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const change = fc.record({
  /** Which object, and at each depth which of its fields, by position. */
  object: fc.nat(),
  path: fc.array(fc.nat(), { minLength: 1, maxLength: 7 }),
  value: fc.oneof({ arbitrary: junk, weight: 4 }, { arbitrary: fc.constant(undefined), weight: 1 }),
});

test('no object stops detection, and each fault has the shape of one that a server pushes', () => {
  expect(objects.length).toBeGreaterThan(50);
  const input = fc.record({
    picked: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
    changes: fc.array(change, { minLength: 1, maxLength: 5 }),
    ago: fc.integer({ min: -10_000, max: 3_600_000 }),
  });
  let faults = 0;
  const property = fc.property(input, ({ picked, changes, ago }) => {
    const all = picked.map((at) => structuredClone(objects[at % objects.length] ?? {}));
    const [first = 0] = picked;
    // Objects that belong together stand beside each other.
    all.push(...structuredClone(objects.slice(first % objects.length).slice(0, 10)));
    for (const { object, path, value } of changes) replaceWithin(all[object % all.length] ?? {}, path, value);
    const now = Date.now();
    const observations = [now - 3_600_000 - ago, now, now + 3_600_000].map((at) => ({
      at: new Date(at),
      objects: all,
    }));
    for (const { fault } of detectHistory('west', observations)) {
      if (!fault) continue;
      faults += 1;
      const { resource, faultType } = FaultEvent.parse(fault);
      expect(JSON.stringify([resource.kind, resource.name, resource.namespace, faultType])).not.toMatch(UNPRINTABLE);
    }
  });
  fc.assert(property, { numRuns: Number(FUZZ_CASES), seed: Number(FUZZ_SEED) });
  expect(faults).toBeGreaterThan(Number(FUZZ_CASES) / 10);
}, 3_600_000);

/** Replaces a value within an object, or removes it. */
function replaceWithin(object: object, path: readonly number[], value: unknown): void {
  const [at = 0, ...rest] = path;
  const names = Object.keys(object);
  const name = names[at % Math.max(1, names.length)] ?? 'metadata';
  const inner: unknown = Reflect.get(object, name);
  if (rest.length > 0 && typeof inner === 'object' && inner !== null) replaceWithin(inner, rest, value);
  else if (value === undefined) Reflect.deleteProperty(object, name);
  else Reflect.set(object, name, value);
}
