import { expect, it } from 'vitest';
import { asPrinted } from './door-answers.ts';

it.each([
  [
    'a table',
    '{"kind":"Table","rows":[{"cells":["web-1","0/1","CrashLoopBackOff",5]}]}',
    'web-1  0/1  CrashLoopBackOff  5',
  ],
  ['an object', '{"kind":"Pod","spec":{"nodeName":"n1"}}', 'spec:\n  nodeName: n1'],
  ['an object as JSON', '{"kind":"Pod"}', '{"kind":"Pod"}'],
  ['a log', '2026 ERROR no route to host', '2026 ERROR no route to host'],
  ['a line of a log that is JSON', '"x"', '"x"'],
])('prints %s', (_, answer, printed) => {
  expect(asPrinted(answer)).toContain(printed);
});
