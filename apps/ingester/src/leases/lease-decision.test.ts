import { describe, expect, test } from 'vitest';
import { decideLease, type LeaseSituation } from './lease-decision.ts';

const NOW = 1_000_000;
const LENGTH = 6_000;
const live = { owner: 'other', token: 7, expires_at: NOW + 1 };
const expired = { ...live, expires_at: NOW };
const first = ['me', 'other'];
const second = ['other', 'me'];

/** An ingester that has been running for long. */
const decide = (changes: Partial<LeaseSituation>) =>
  decideLease({
    lease: undefined,
    now: NOW,
    id: 'me',
    token: undefined,
    ranked: first,
    watching: false,
    active: false,
    unheldFor: 0,
    inTouchFor: 10 * LENGTH,
    afterOutage: false,
    leaseLength: LENGTH,
    ...changes,
  });

describe('decideLease', () => {
  test.each<[string, Partial<LeaseSituation>, ReturnType<typeof decideLease>]>([
    ['holds what is its own', { lease: { ...live, owner: 'me' }, token: 7 }, 'hold'],
    ['holds it after it expired, if no ingester took it', { lease: { ...expired, owner: 'me' }, token: 7 }, 'hold'],
    [
      'holds it until the one who should have it took it',
      { lease: { ...live, owner: 'me' }, token: 7, ranked: second },
      'hold',
    ],
    ['takes again what it took without knowing', { lease: { ...live, owner: 'me' }, ranked: second }, 'take'],
    ['takes what is free at once, as the first in rank', {}, 'take'],
    ['leaves what is free to the first in rank', { ranked: second }, 'leave'],
    ['takes it when the first in rank does not', { ranked: second, unheldFor: LENGTH }, 'take'],
    ['takes what a dead ingester held', { lease: expired }, 'take'],
    ['takes what is free when it has just started', { inTouchFor: 0 }, 'take'],
    ['leaves what others hold', { lease: live, ranked: second, watching: true, active: true }, 'leave'],
    ['joins in on what others hold and it should', { lease: live }, 'join'],
    ['takes over when faults arrive', { lease: live, watching: true, active: true }, 'take'],
    ['begins anew with what was taken from it', { lease: live, token: 6, watching: true, active: true }, 'leave'],
    ['takes nothing new when it leaves', { ranked: ['other'], unheldFor: LENGTH * 9 }, 'leave'],
    ['keeps watching an unheld cluster while it leaves', { ranked: ['other'], watching: true }, 'join'],
  ])('%s', (_, situation, decision) => {
    expect(decide(situation)).toBe(decision);
  });

  describe('just after an outage of Redis, when every lease has expired', () => {
    const justBack = { lease: expired, inTouchFor: LENGTH - 1, afterOutage: true };

    test.each<[string, Partial<LeaseSituation>, ReturnType<typeof decideLease>]>([
      ['does not take what its owner may still watch', justBack, 'join'],
      ['does not take a lease that Redis lost', { ...justBack, lease: undefined }, 'join'],
      ['takes it when faults arrive here', { ...justBack, watching: true, active: true }, 'take'],
      ['leaves it when others should have it', { ...justBack, ranked: second }, 'leave'],
      ['goes on watching it until somebody holds it', { ...justBack, ranked: second, watching: true }, 'join'],
    ])('%s', (_, situation, decision) => {
      expect(decide(situation)).toBe(decision);
    });
  });
});
