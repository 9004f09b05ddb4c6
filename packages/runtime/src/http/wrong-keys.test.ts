import { expect, test } from 'vitest';
import { WrongKeys } from './wrong-keys.ts';

const send = (keys: WrongKeys, times: number, address: string, now: number) =>
  Array.from({ length: times }, () => keys.record(address, now));

test('an address may send a burst of wrong keys, then one every three seconds', () => {
  const keys = new WrongKeys();
  expect(send(keys, 20, '10.0.0.1', 0)).toEqual(Array.from({ length: 20 }, () => 0));
  expect(send(keys, 2, '10.0.0.1', 0)).toEqual([3, 3]);
  expect(keys.record('10.0.0.1', 1_500)).toBe(2);
  expect(keys.record('10.0.0.1', 3_000)).toBe(0);
  expect(keys.record('10.0.0.1', 3_000)).toBe(3);
  expect(keys.record('10.0.0.2', 3_000)).toBe(0);
});

test('an address that waited has its whole burst again', () => {
  const keys = new WrongKeys();
  send(keys, 50, '10.0.0.1', 0);
  expect(send(keys, 21, '10.0.0.1', 60_000)).toEqual([...Array.from({ length: 20 }, () => 0), 3]);
});

test.each([
  ['fe80::1%eth0', 'fe80::2'],
  ['2001:db8::1', '2001:db8:0:0:9:9:9:9'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
])('%s and %s are one source', (one, other) => {
  const keys = new WrongKeys();
  send(keys, 20, one, 0);
  expect(keys.record(other, 0)).toBeGreaterThan(0);
});

test('another network of IPv6 is another source', () => {
  const keys = new WrongKeys();
  send(keys, 20, '2001:db8::1', 0);
  expect(keys.record('2001:db8:0:1::1', 0)).toBe(0);
});

test('remembers a bounded number of addresses, and forgets the one that was silent for the longest time', () => {
  const keys = new WrongKeys();
  send(keys, 21, '10.0.0.1', 0);
  send(keys, 21, '10.0.0.2', 0);
  for (let index = 0; index < 9_998; index += 1) keys.record(`11.0.${index >> 8}.${index & 255}`, 0);
  expect(keys.record('10.0.0.1', 0)).toBe(3);
  keys.record('12.0.0.1', 0);
  expect(keys.size).toBe(10_000);
  expect([keys.record('10.0.0.1', 0), keys.record('10.0.0.2', 0)]).toEqual([3, 0]);
});
