import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';

it('logs message, cause and stack of an error, without the command of a Redis error', async () => {
  const stream = new PassThrough();
  const logger = createLogger('worker', 'info', stream);
  const refused = new Error('MISCONF Errors writing to the AOF file');
  const cause = new Error('the disk is full');
  logger.warn(
    { error: Object.assign(refused, { cause, code: 'EX', command: { args: ['password'] } }) },
    'not admitted',
  );
  logger.warn({ error: 'no Error at all' }, 'odd');
  stream.end();

  const [first = '', second] = (await text(stream)).trim().split('\n');
  expect(JSON.parse(first)).toMatchObject({ level: 'warn', process: 'worker', error: { code: 'EX', type: 'Error' } });
  expect(first).toContain('MISCONF Errors writing to the AOF file: the disk is full');
  expect(first).toContain('logger.test.ts');
  expect(first).not.toContain('password');
  expect(second).toContain('no Error at all');
});

it('changes its level while it runs, and that of its children', async () => {
  const stream = new PassThrough();
  const logger = createLogger('worker', 'warn', stream);
  const child = logger.child({ cluster: 'a' });
  child.info({}, 'before');
  logger.setLevel('debug');
  child.debug({}, 'during');
  logger.setLevel('error');
  child.warn({}, 'after');
  stream.end();
  const lines = (await text(stream)).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'debug', cluster: 'a', msg: 'during' }),
  ]);
});
