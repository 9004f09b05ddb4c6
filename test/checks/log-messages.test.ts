import { describe, expect, test } from 'vitest';
import { catalogProblems } from '../../checks/log-messages/catalog.ts';
import { findLogMessages } from '../../checks/log-messages/find-log-messages.ts';
import { renderLogMessages } from '../../checks/log-messages/render.ts';

const find = (source: string) => findLogMessages('a.ts', source);
const texts = (source: string) => find(source).messages.map(({ message, levels }) => [message, ...levels]);

describe('finding log messages', () => {
  test.each([
    ["logger.info({ a }, 'worker started')", ['worker started', 'info']],
    ["this.#logger.warn({}, 'lease renewal failed')", ['lease renewal failed', 'warn']],
    ["options.logger?.error({ error }, 'fault lost')", ['fault lost', 'error']],
    ["logger.child({ incident_id }).debug({}, 'stage ended')", ['stage ended', 'debug']],
    ["x.catch((error) => boardLogger.debug({ error }, 'queue swept'))", ['queue swept', 'debug']],
    ["const level = a ? 'warn' : 'debug'; logger[level]({}, 'queue error')", ['queue error', 'warn', 'debug']],
    ["const TEXT = 'lock lost'; logger.warn({}, TEXT)", ['lock lost', 'warn']],
    ["const x = { job: 1, level: 'warn' as const, message: 'agent failed' }", ['agent failed', 'warn']],
  ])('%s', (source, expected) => {
    expect(texts(source)).toEqual([expected]);
    expect(find(source).problems).toEqual([]);
  });

  test('both messages of a conditional expression are found', () => {
    expect(texts("logger.info({}, up ? 'redis connected' : 'redis lost')")).toEqual([
      ['redis connected', 'info'],
      ['redis lost', 'info'],
    ]);
  });

  test('an object with level and message may be logged where it is not a literal', () => {
    expect(find('logger[entry.level]({}, entry.message)')).toEqual({ messages: [], problems: [] });
  });

  test('calls that only look similar are not messages', () => {
    const source = "redis.info('server'); console.error('a', 'b'); const x = { level: 'warning', message: text };";
    expect(find(source)).toEqual({ messages: [], problems: [] });
  });

  test.each([
    'logger.warn({}, `fault ${id}`)',
    'logger.warn({}, warning)',
    "logger.warn({}, 'fault ' + id)",
    "logger[level]({}, 'fault lost')",
    "const x = { level: 'warn', message: text }",
    "log.warn({ id }, 'fault lost')",
    "const a = () => { const T = 'x'; logger.warn({}, T) }; const b = () => { const T = 'y'; logger.warn({}, T) }",
  ])('%s is a problem, with file and line', (source) => {
    const { messages, problems } = find(source);
    expect(messages).toEqual([]);
    expect(problems[0]).toMatch(/^a\.ts:1: /);
  });
});

describe('the catalog', () => {
  const listed = { message: 'fault lost', levels: ['warn'], components: ['x'], calls: ['a.ts:1'] } as const;
  const entry = { meaning: 'A fault was lost.', action: 'Make room.' };

  test('has an entry for each message and none beside them', () => {
    expect(catalogProblems([listed], { 'fault lost': entry })).toEqual([]);
    expect(catalogProblems([listed], {})).toHaveLength(1);
    expect(catalogProblems([], { 'fault lost': entry })).toHaveLength(1);
  });

  test('says an action for warnings and errors', () => {
    expect(catalogProblems([listed], { 'fault lost': { meaning: 'A fault was lost.' } })).toHaveLength(1);
    expect(catalogProblems([{ ...listed, levels: ['info'] }], { 'fault lost': { meaning: 'Lost.' } })).toEqual([]);
  });

  test('names a message of several places as shared', () => {
    const twice = { ...listed, calls: ['a.ts:1', 'b.ts:2'] };
    expect(catalogProblems([twice], { 'fault lost': entry })).toHaveLength(1);
    expect(catalogProblems([twice], { 'fault lost': { ...entry, shared: true } })).toEqual([]);
    expect(catalogProblems([listed], { 'fault lost': { ...entry, shared: true } })).toHaveLength(1);
  });

  test('is rendered by severity, one row for each message', () => {
    const text = renderLogMessages([listed], { 'fault lost': { meaning: 'A | B\nC', action: 'Make room.' } });
    expect(text.split('## ')[2]).toContain('| `fault lost` | warn | x | A \\| B C | Make room. |');
  });
});
