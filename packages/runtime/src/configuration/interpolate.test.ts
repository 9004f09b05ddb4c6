import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interpolate } from './interpolate.ts';

const environment = { NAME: 'value', EMPTY: '', COST: '$5 ${NAME}' };

describe('interpolate', () => {
  test.each([
    ['${NAME}', 'value'],
    ['a ${NAME} b${NAME}', 'a value bvalue'],
    ['${NONE:-default}', 'default'],
    ['${constructor:-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${EMPTY}', ''],
    ['${NONE:-}', ''],
    ['${NONE:-a:-b}', 'a:-b'],
    ['${NAME:?needed}', 'value'],
    ['$$NAME and $${NAME}', '$NAME and ${NAME}'],
    ['$5, $ and $', '$5, $ and $'],
    ['${COST}', '$5 ${NAME}'],
  ])('%s becomes %s', (text, value) => {
    expect(interpolate(text, environment)).toEqual({ value });
  });

  test.each([
    ['${NONE}', 'environment variable NONE is not set; set it, or write ${NONE:-default}'],
    ['${NONE:?set it in the Secret}', 'environment variable NONE is not set: set it in the Secret'],
    ['${EMPTY:?}', 'environment variable EMPTY is not set'],
    ['$NAME', '"$" before a name; write ${NAME}'],
    ['${NAME-default}', '"${…}" in a form that is not supported'],
    ['${NAME:+x}', '"${…}" in a form that is not supported'],
    ['${}', '"${…}" in a form that is not supported'],
    ['${NONE:-${NAME}}', '"${NONE:-…}" contains another variable'],
    ['${NAME', '"${" without "}"'],
  ])('%s is a problem', (text, problem) => {
    expect(interpolate(text, environment)).toEqual({ problem: expect.stringContaining(problem) });
  });

  test('$$ makes any text literal', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(interpolate(text.replaceAll('$', '$$$$'), {})).toEqual({ value: text });
      }),
    );
  });

  test('never throws, and never repeats more than a name', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', ':', '-', '?', 'A', 'b', ' ') }), (text) => {
        const result = interpolate(`${text}hush`, { A: 'set' });
        const problem = 'problem' in result && !text.includes(':?') ? result.problem : '';
        expect(problem).not.toContain('hush');
      }),
    );
  });
});
