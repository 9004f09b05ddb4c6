import { describe, expect, test } from 'vitest';
import { MaintenanceWindow, openUntil } from './maintenance-window.ts';
import { annotatedUntil } from './silence-annotation.ts';
import { NewSilence, type Silence, silenceState } from './silence.ts';
import { SilenceRules } from './silencing.ts';

const at = (time: string): number => Date.parse(time);
const NOON = at('2026-03-01T12:00:00Z');

function silence(changes: Partial<Silence> = {}): Silence {
  return {
    id: 'a1',
    matchers: 'cluster="prod"',
    starts_at: '2026-03-01T11:00:00.000Z',
    ends_at: '2026-03-01T13:00:00.000Z',
    comment: 'a migration',
    created_by: 'alice',
    created_at: '2026-03-01T11:00:00.000Z',
    investigate: false,
    ...changes,
  };
}

const prod = new Map([
  ['cluster', 'prod'],
  ['namespace', 'shop'],
]);

describe('a silence', () => {
  test('silences what it matches while it is active', () => {
    const rules = new SilenceRules([silence()], []);
    expect(rules.silencing(prod, undefined, NOON)).toEqual({
      id: 'a1',
      by: 'alice',
      until: '2026-03-01T13:00:00.000Z',
      reason: 'a migration',
      investigate: false,
    });
    expect(rules.silencing(new Map([['cluster', 'staging']]), undefined, NOON)).toBeUndefined();
    expect(rules.silencing(prod, undefined, at('2026-03-01T10:59:59.999Z'))).toBeUndefined();
    expect(rules.silencing(prod, undefined, at('2026-03-01T11:00:00Z'))).toBeDefined();
    expect(rules.silencing(prod, undefined, at('2026-03-01T13:00:00Z'))).toBeUndefined();
  });

  test('needs all its matchers', () => {
    const rules = new SilenceRules([silence({ matchers: 'cluster=~"pr.*",namespace!="shop"' })], []);
    expect(rules.silencing(prod, undefined, NOON)).toBeUndefined();
  });

  test.each(['', '{', 'cluster=~"["'])('whose matchers are %j in Redis silences nothing', (matchers) => {
    expect(new SilenceRules([silence({ matchers })], []).silencing(prod, undefined, NOON)).toBeUndefined();
  });

  test('that investigates gives way to one that does not, and a short one to a long one', () => {
    const of = (silences: Silence[]) => new SilenceRules(silences, []).silencing(prod, undefined, NOON)?.id;
    const long = silence({ id: 'long', ends_at: '2026-03-02T00:00:00.000Z', investigate: true });
    expect(of([long, silence()])).toBe('a1');
    expect(of([silence(), silence({ ...long, investigate: false })])).toBe('long');
  });

  test('is pending, active, then expired', () => {
    const states = ['10:00', '11:00', '12:59', '13:00'].map((time) =>
      silenceState(silence(), at(`2026-03-01T${time}:00Z`)),
    );
    expect(states).toEqual(['pending', 'active', 'active', 'expired']);
  });
});

describe('a new silence', () => {
  const valid = { matchers: 'cluster="prod"', duration: 60, comment: 'x' };
  test.each([
    [{ ...valid, matchers: '' }, /matcher that does not match the empty value/],
    [{ ...valid, matchers: 'cluster=~".*"' }, /matcher that does not match the empty value/],
    [{ ...valid, matchers: 'cluster!="prod"' }, /matcher that does not match the empty value/],
    [{ ...valid, matchers: 'cluster=~"["' }, /no regular expression.*at character 10/],
    [{ ...valid, matchers: 'cluster' }, /operator/],
    [{ ...valid, comment: ' ' }, /comment/],
    [{ ...valid, comment: 'a\u001b[2Jb' }, /control characters/],
    [{ ...valid, duration: undefined }, /ends_at or duration/],
    [{ ...valid, ends_at: '2026-03-01T13:00:00Z' }, /not both/],
    [{ ...valid, duration: undefined, ends_at: 'tomorrow' }, /ends_at/],
    [{ ...valid, duration: 10 ** 9 }, /duration/],
    [{ ...valid, owner: 'x' }, /owner/],
  ])('%j is refused', (given, message) => {
    const parsed = NewSilence.safeParse(given);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.message).toMatch(message);
  });

  test('may have a regular expression and a time with an offset', () => {
    expect(
      NewSilence.safeParse({ matchers: '{cluster=~"prod-.+"}', ends_at: '2026-03-01T13:00:00+02:00', comment: 'x' })
        .success,
    ).toBe(true);
  });
});

describe('a maintenance window', () => {
  const window = (changes: object = {}): MaintenanceWindow =>
    MaintenanceWindow.parse({
      name: 'update',
      matchers: 'cluster="prod"',
      cron: '0 2 * * 0',
      duration: '2h',
      ...changes,
    });

  test.each([
    ['2026-03-01T01:59:59Z', undefined],
    ['2026-03-01T02:00:00Z', '2026-03-01T04:00:00Z'],
    ['2026-03-01T03:59:59Z', '2026-03-01T04:00:00Z'],
    ['2026-03-01T04:00:00Z', undefined],
    ['2026-03-02T02:30:00Z', undefined],
  ])('at %s it is open until %s', (now, until) => {
    expect(openUntil(window(), at(now))).toBe(until === undefined ? undefined : at(until));
  });

  test('follows the clock of its time zone over the change to summer time', () => {
    const berlin = window({ time_zone: 'Europe/Berlin' });
    expect(openUntil(berlin, at('2026-03-22T01:30:00Z'))).toBe(at('2026-03-22T03:00:00Z'));
    expect(openUntil(berlin, at('2026-04-05T00:30:00Z'))).toBe(at('2026-04-05T02:00:00Z'));
    expect(openUntil(berlin, at('2026-04-05T02:30:00Z'))).toBeUndefined();
  });

  test('over midnight lasts into the next day', () => {
    const night = window({ cron: '0 23 * * *', duration: '3h' });
    expect(openUntil(night, at('2026-03-02T01:00:00Z'))).toBe(at('2026-03-02T02:00:00Z'));
  });

  test('silences what it matches, and can leave the investigations', () => {
    const rules = new SilenceRules([], [window({ investigate: true })]);
    expect(rules.silencing(prod, undefined, at('2026-03-01T02:30:00Z'))).toEqual({
      by: 'maintenance',
      reason: 'update',
      until: '2026-03-01T04:00:00.000Z',
      investigate: true,
    });
    expect(rules.silencing(prod, undefined, NOON)).toBeUndefined();
  });

  test.each([
    [{ cron: '61 2 * * 0' }, /cron/],
    [{ cron: '* * * * * *' }, /five fields/],
    [{ cron: 'daily' }, /five fields/],
    [{ time_zone: 'Mars/Olympus' }, /no time zone/],
    [{ duration: '30s' }, /at least/],
    [{ matchers: 'cluster' }, /operator/],
    [{ name: '' }, /name/],
  ])('with %j is refused', (changes, message) => {
    expect(() => window(changes)).toThrow(message);
  });
});

describe('the annotation', () => {
  test.each([
    [undefined, undefined],
    ['true', Infinity],
    [' true ', Infinity],
    ['false', undefined],
    ['', undefined],
    ['yes', undefined],
    ['2026-03-01T12:30:00Z', at('2026-03-01T12:30:00Z')],
    ['2026-03-02', at('2026-03-02')],
    ['2026-03-01T11:00:00Z', undefined],
    ['2026-99-99', undefined],
    ['2', undefined],
  ])('%j silences until %s', (value, until) => {
    expect(annotatedUntil(value, NOON)).toBe(until);
  });

  test('silences without a rule', () => {
    expect(new SilenceRules([], []).silencing(prod, 'true', NOON)).toEqual({
      by: 'annotation',
      reason: 'annotation nightcrier.io/silence',
      investigate: false,
    });
  });
});
