import { describe, expect, it } from 'vitest';
import { findLogCause, firstComplaint } from './log-cause.ts';

describe('findLogCause', () => {
  it('takes the last line that names a known failure near the end-all line', () => {
    const cause = findLogCause('ERROR query failed: permission denied for table t\nFATAL giving up\n');
    expect(cause).toMatchObject({ line: 'ERROR query failed: permission denied for table t', explicit: true });
  });

  it('does not take an earlier failure of something else for the cause of a panic', () => {
    const noise = Array(10).fill('INFO working').join('\n');
    const cause = findLogCause(
      `WARN metrics: connection refused\n${noise}\npanic: index out of range [3]\ngoroutine 1:\n`,
    );
    expect(cause?.line).toBe('panic: index out of range [3]');
    expect(cause).not.toHaveProperty('meaning');
  });

  it('takes the exception at the end of a Python traceback', () => {
    const log =
      'Traceback (most recent call last):\n  File "a.py", line 1, in f\nZeroDivisionError: division by zero\n';
    expect(findLogCause(log)?.line).toBe('ZeroDivisionError: division by zero');
  });

  it('takes the innermost cause of a Java exception', () => {
    const log =
      'Exception in thread "main" java.lang.IllegalStateException: boot\n\tat A.main(A.java:1)\nCaused by: java.net.ConnectException: Connection refused\n';
    expect(findLogCause(log)).toMatchObject({
      line: expect.stringContaining('Caused by'),
      meaning: expect.stringContaining('refuses'),
    });
  });

  it.each([
    'INFO error handler registered',
    '2026-01-02T00:00:00Z INFO retry after connection refused succeeded',
    '{"level":"info","msg":"no such file or directory, using defaults"}',
    'finished with 0 errors',
    'errors=0 requests=12',
  ])('does not take %j for an error', (line) => {
    expect(findLogCause(line)).toMatchObject({ explicit: false });
  });

  it('has nothing to say about an empty log', () => {
    expect(findLogCause('\n \n')).toBeUndefined();
  });

  it('stays quick on a hostile log', () => {
    const hostile = `${'A_'.repeat(20_000)} not \n`.repeat(3) + 'yaml: '.repeat(10_000);
    expect(findLogCause(hostile)).toBeDefined();
  }, 5000);
});

it('firstComplaint gives the error that others follow from', () => {
  expect(firstComplaint('INFO a\nWARN slow, error ahead\nERROR first\nERROR second')).toBe('ERROR first');
});
