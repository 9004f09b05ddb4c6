import { silentLogger } from '@nightcrier/core/logger';
import { describe, expect, test } from 'vitest';
import { ConnectionError } from '../session/connection-error.ts';
import { ConnectionStatusTracker, formatSeconds } from './connection-status.ts';

const error = new ConnectionError('timeout', 'no answer');

function tracker() {
  const lines: { level: string; fields: object }[] = [];
  const at =
    (level: string) =>
    (fields: object): void =>
      void lines.push({ level, fields });
  const changes: string[] = [];
  const status = new ConnectionStatusTracker(
    { ...silentLogger, debug: at('debug'), info: at('info'), warn: at('warn') },
    () => 5_000,
    () => changes.push(status.status),
  );
  return { status, lines, changes };
}

describe('ConnectionStatusTracker', () => {
  test('follows the design, with one log line and one report for each change; the steps between are logged for debugging', () => {
    const { status, lines, changes } = tracker();
    for (const next of ['connecting', 'connected', 'subscribing', 'active', 'stopped'] as const) status.change(next);
    expect(changes).toEqual(['connecting', 'connected', 'subscribing', 'active', 'stopped']);
    expect(lines).toEqual([
      { level: 'debug', fields: { from: 'disconnected', status: 'connecting' } },
      { level: 'debug', fields: { from: 'connecting', status: 'connected' } },
      { level: 'debug', fields: { from: 'connected', status: 'subscribing' } },
      { level: 'info', fields: { from: 'subscribing', status: 'active' } },
      { level: 'info', fields: { from: 'active', status: 'stopped' } },
    ]);
  });

  test('logs the error and the time of the retry', () => {
    const { status, lines } = tracker();
    status.change('connecting');
    status.fail({ error, retryAt: 9_200, retryCount: 3 });
    expect(lines.at(-1)?.fields).toEqual({
      from: 'connecting',
      status: 'failed',
      error: 'no answer',
      code: 'timeout',
      retry_count: 3,
      retry_in: '4.2s',
    });
  });

  test('keeps the failure until the connection is active again', () => {
    const { status } = tracker();
    status.fail({ error, retryAt: 0, retryCount: 1 });
    for (const next of ['connecting', 'connected', 'subscribing'] as const) {
      status.change(next);
      expect(status.failure?.error).toBe(error);
    }
    status.change('active');
    expect(status.failure).toBeUndefined();
    expect(status.activeSince).toBe(5_000);
  });

  test.each([
    ['disconnected', [], 'active'],
    ['connecting', ['connecting'], 'subscribing'],
    ['active', ['connecting', 'connected', 'subscribing', 'active'], 'connecting'],
    ['stopped', ['stopped'], 'connecting'],
  ] as const)('refuses to jump from %s', (from, way, next) => {
    const { status } = tracker();
    for (const step of way) status.change(step);
    expect(() => status.change(next)).toThrow(`cannot go from ${from} to ${next}`);
    expect(status.status).toBe(from);
  });

  test('does not fail once it is stopped', () => {
    const { status } = tracker();
    status.change('stopped');
    expect(() => status.fail({ error, retryAt: 0, retryCount: 1 })).toThrow('cannot go from stopped to failed');
  });
});

test('formatSeconds gives tenths, never less than none', () => {
  expect([4_210, 60_000, 0, -300].map(formatSeconds)).toEqual(['4.2s', '60.0s', '0.0s', '0.0s']);
});
