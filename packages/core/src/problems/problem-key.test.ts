import { expect, test } from 'vitest';
import { problemKey, problemKeysOf, symptomKey, workloadByName, workloadOfKey } from './problem-key.ts';
import { areUnrelated } from './symptom-families.ts';

const workload = { namespace: 'shop', name: 'cart' };
const crash = { workload, container: 'app', family: 'crash' } as const;

test('a symptom key names workload, container and family, and survives odd names', () => {
  expect(symptomKey(crash)).toBe('shop/cart/app/crash');
  expect(symptomKey({ workload: { name: 'Node/node-1' }, family: 'node' })).toBe('/Node%2Fnode-1/-/node');
  expect(symptomKey({ ...crash, container: 'a/b' })).not.toBe(symptomKey({ ...crash, container: 'a' }));
});

test('a name with half of a surrogate pair, which JSON may contain, has a symptom key', () => {
  const key = symptomKey({ workload: { namespace: '\ud800', name: 'a\udfff' }, container: '\ud800', family: 'crash' });
  expect(key).toBe(`%EF%BF%BD/a%EF%BF%BD/%EF%BF%BD/crash`);
});

test('the workload of a pod that is known by its name alone is that of its controller', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', name: 'cart-7d4b9c8f6d-x2vbq', namespace: 'shop' };
  expect(workloadByName(pod)).toEqual(workload);
});

test('related symptoms of a workload are one problem, also when a container does not say which it is', () => {
  const open = [{ key: 'shop/cart', symptoms: [crash] }];
  expect(problemKey({ workload, family: 'rollout' }, open)).toBe('shop/cart');
  expect(problemKey({ workload, container: 'proxy', family: 'probe' }, open)).toBe('shop/cart');
});

test('unrelated symptoms of two containers are two problems, and a third symptom joins the first of them', () => {
  const image = { workload, container: 'app', family: 'image' } as const;
  const config = { workload, container: 'log', family: 'config' } as const;
  expect(areUnrelated(image, config)).toBe(true);
  expect(areUnrelated(image, { ...config, container: 'app' })).toBe(false);
  const open = [{ key: 'shop/cart', symptoms: [image] }];
  expect(problemKey(config, open)).toBe('shop/cart#config');
  const both = [...open, { key: 'shop/cart#config', symptoms: [config] }];
  expect(problemKey({ workload, family: 'rollout' }, both)).toBe('shop/cart');
  expect(problemKey(config, both)).toBe('shop/cart#config');
});

test.each([{ namespace: 'shop', name: 'cart' }, { name: 'Node/node-1' }, { namespace: 'a/b', name: 'c#d %' }])(
  'the keys of %j name it',
  (named) => {
    for (const key of problemKeysOf(named)) expect(workloadOfKey(key)).toEqual(named);
  },
);
