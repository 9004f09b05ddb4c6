import { expect, it } from 'vitest';
import { quotedOutputs } from './quoted-output.ts';

const linesOf = (markdown: string): string[][] => quotedOutputs(markdown).map(({ lines }) => lines);

it('finds code blocks, also in lists and quotations, without the commands in them', () => {
  const markdown = [
    '## Evidence',
    '```',
    '$ kubectl get pods \\',
    '    -n shop',
    'NAME   READY',
    'cart   0/1',
    '```',
    '- the log:',
    '',
    '  ```text',
    '  panic: no database',
    '  ```',
    '',
    '> ```',
    '> kubectl describe pod cart',
    '> Reason: OOMKilled',
    '> ```',
  ].join('\n');
  expect(linesOf(markdown)).toEqual([['NAME   READY', 'cart   0/1'], ['panic: no database'], ['Reason: OOMKilled']]);
});

it('takes shell blocks without prompts for commands', () => {
  expect(linesOf('```bash\nkubectl get pods\nfoo | bar\n```')).toEqual([]);
  expect(linesOf('```bash\n$ kubectl get pods\nNAME READY\n```')).toEqual([['NAME READY']]);
});

it('leaves advice alone, with all sections below it', () => {
  const markdown = [
    '# Recommendations',
    '```yaml',
    'limits: {}',
    '```',
    '## Second',
    '```',
    'x: y',
    '```',
    '# Evidence',
    '```',
    'seen',
    '```',
  ].join('\n');
  expect(linesOf(markdown)).toEqual([['seen']]);
  expect(linesOf('## Suggested fix\n```\nreplicas: 3\n```')).toEqual([]);
});
