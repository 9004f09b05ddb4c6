import { execa } from 'execa';
import { expect, test } from 'vitest';

const PROGRAM = `
  import { createLogger } from '${new URL('logger.ts', import.meta.url).href}';
  import { logStrayOutput } from '${new URL('log-stray-output.ts', import.meta.url).href}';
  logStrayOutput(createLogger('ingester', 'info'));
  console.warn('Skipping the %s', 'ready check');
  process.emitWarning('possible leak', 'MaxListenersExceededWarning');
`;

test('what libraries print, and warnings of Node, are lines of the log', async () => {
  const { all } = await execa(process.execPath, ['--input-type=module', '--eval', PROGRAM], { all: true });
  const lines: unknown[] = all.split('\n').map((line) => JSON.parse(line));
  expect(lines).toEqual([
    expect.objectContaining({ level: 'warn', process: 'ingester', output: 'Skipping the ready check' }),
    expect.objectContaining({ level: 'warn', error: expect.objectContaining({ message: 'possible leak' }) }),
  ]);
});
