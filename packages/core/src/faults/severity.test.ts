import { expect, test } from 'vitest';
import { type Severity, SeverityThreshold, passesThreshold } from './severity.ts';

test.each<[Severity, string, boolean]>([
  ['info', 'DEBUG', true],
  ['info', 'INFO', true],
  ['info', 'warning', false],
  ['warning', 'warning', true],
  ['warning', 'ERROR', false],
  ['critical', 'ERROR', true],
  ['critical', 'Critical', true],
])('a fault of severity %s under the threshold %s passes: %s', (severity, threshold, passes) => {
  expect(passesThreshold(severity, SeverityThreshold.parse(threshold))).toBe(passes);
});

test('SeverityThreshold refuses another word', () => {
  expect(SeverityThreshold.safeParse('loud').success).toBe(false);
});
