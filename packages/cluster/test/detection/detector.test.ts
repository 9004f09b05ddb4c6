import { expect, test } from 'vitest';
import { detectHistory } from '../../src/detection/detect-history.ts';
import { Detector } from '../../src/detection/detector.ts';
import { parseObject } from '../../src/detection/objects/parse-object.ts';
import { HISTORIES } from './histories.ts';
import type { History, Step } from './history.ts';
import { type KubernetesObject, pod, START, waiting } from './objects.ts';

const idOf = ({ kind, metadata }: KubernetesObject): string => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;

/** The whole cluster after each step, and once more at the end. */
function observations({ steps, rest = 200 }: History) {
  const objects = new Map<string, KubernetesObject>();
  const apply = ({ put = [], remove = [] }: Step): KubernetesObject[] => {
    for (const object of remove) objects.delete(idOf(object));
    for (const object of put) objects.set(idOf(object), object);
    return [...objects.values()];
  };
  const last = steps.at(-1)?.at ?? 0;
  return [
    ...steps.map((step) => ({ at: new Date(START + step.at * 1000), objects: apply(step) })),
    { at: new Date(START + (last + rest) * 1000), objects: apply({ at: 0 }) },
  ];
}

test.each(HISTORIES.map((history) => [history.name, history] as const))('%s', (_, history) => {
  const lastContact = history.since === undefined ? undefined : new Date(START + history.since * 1000);
  const fired = detectHistory('alpha', observations(history), lastContact).filter(({ change }) => change === 'fired');
  const found = fired.map(({ fault, at, problem }) => ({
    type: fault?.faultType,
    severity: fault?.severity,
    resource: `${fault?.resource.kind}/${fault?.resource.name}`,
    container: fault?.container,
    problem,
    after: (at.getTime() - START) / 1000,
  }));
  expect(found).toEqual(
    history.wanted.map(({ from: _from, to: _to, ...wanted }) => ({
      container: undefined,
      ...wanted,
      after: expect.any(Number),
    })),
  );
  found.forEach(({ after }, index) => {
    const { from, to } = history.wanted[index] ?? { from: 0, to: 0 };
    expect(after).toBeGreaterThanOrEqual(from);
    expect(after).toBeLessThanOrEqual(to);
  });
});

test('a list that takes longer than a grace period fires nothing that it has not seen for so long', () => {
  const detector = new Detector('alpha');
  const pulling = parseObject('pods', pod({ ready: false, since: 0, state: waiting('ErrImagePull') }));
  const at = (seconds: number): number => START + seconds * 1000;
  const list = (readAt: number, end: number) => {
    const listing = detector.beginList('pods', { isFollowed: false });
    if (pulling) listing.put([pulling], at(readAt));
    listing.end();
    return detector.advance(at(end)).map(({ change, fault }) => `${change} ${fault?.faultType}`);
  };
  expect(list(10, 120)).toEqual([]);
  expect(list(130, 240)).toEqual(['fired ImagePull']);
});
