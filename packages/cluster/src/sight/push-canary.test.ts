import { expect, test } from 'vitest';
import { aboutOf, type ListedEvent, PushCanary } from './push-canary.ts';

const about = aboutOf('FailedMount', { kind: 'Pod', namespace: 'shop', name: 'cart' });
const event = (uid: string, version = '1'): ListedEvent => ({ uid, version, about: `${about}|${uid}` });

/** A canary with a minute for each push, whose first list, at 0, had these Events. */
function canaryAfter(events: ListedEvent[] = []): PushCanary {
  const canary = new PushCanary(60, 0);
  expect(canary.listed(events, 0, 0)).toEqual({ kind: 'proven' });
  return canary;
}

test('Events that are older than the subscription need not be pushed', () => {
  const canary = canaryAfter([event('old')]);
  expect(canary.listed([event('old')], 45, 45)).toEqual({ kind: 'proven' });
  expect(canary.dueAt).toBeUndefined();
});

test('an Event that was pushed before or after it was listed proves the push', () => {
  const canary = canaryAfter();
  canary.pushed(event('before').about, 20);
  expect(canary.listed([event('before')], 45, 45)).toEqual({ kind: 'proven' });
  expect(canary.listed([event('before'), event('after')], 90, 90)).toEqual({ kind: 'unproven' });
  canary.pushed(event('after').about, 100);
  expect(canary.verdict(101)).toEqual({ kind: 'proven' });
});

test('an Event that is not pushed in time is silence since the last proof, without a further list', () => {
  const canary = canaryAfter();
  expect(canary.listed([], 45, 46)).toEqual({ kind: 'proven' });
  canary.listed([event('lost')], 90, 91);
  expect(canary.dueAt).toBe(151);
  expect(canary.verdict(150)).toEqual({ kind: 'unproven' });
  expect(canary.verdict(151)).toEqual({ kind: 'silent', about: event('lost').about, lastProvenAt: 45 });
});

test('each new Event must be pushed, whatever else is', () => {
  const canary = canaryAfter();
  canary.listed([event('lost'), event('sent')], 45, 45);
  canary.pushed(event('sent').about, 50);
  expect(canary.verdict(110)).toMatchObject({ kind: 'silent', about: event('lost').about });
});

test('of a further occurrence of a known Event, any notification proves the push: some servers send only the first', () => {
  const canary = canaryAfter([event('known')]);
  canary.listed([event('known', '2')], 45, 45);
  canary.pushed('something else', 60);
  expect(canary.verdict(200)).toEqual({ kind: 'proven' });

  const silent = canaryAfter([event('known')]);
  silent.listed([event('known', '2')], 45, 45);
  expect(silent.verdict(105)).toMatchObject({ kind: 'silent' });
});

test('silence ends with a notification, not with a quiet time', () => {
  const canary = canaryAfter();
  canary.listed([event('lost')], 45, 45);
  expect(canary.verdict(105)).toMatchObject({ kind: 'silent' });
  expect(canary.listed([event('lost')], 150, 150)).toEqual({ kind: 'unproven' });
  expect(canary.listed([], 195, 195)).toEqual({ kind: 'unproven' });
  canary.pushed('anything', 200);
  expect(canary.verdict(201)).toEqual({ kind: 'proven' });
});
