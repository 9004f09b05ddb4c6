import { expect, it } from 'vitest';
import { markdownBlocks } from './markdown-blocks.ts';
import { parseReport } from './parse-report.ts';
import { quotedOutputs } from './quoted-output.ts';

it('reads headings of all forms', () => {
  const headings = markdownBlocks('# A #\n\nB\n===\n\nC\n---\n\n**D**\n\n**E:**\n\nno **F**\n\n- g\n---\n').flatMap(
    (block) => (block.kind === 'heading' ? [[block.level, block.text]] : []),
  );
  expect(headings).toEqual([
    [1, 'A'],
    [1, 'B'],
    [2, 'C'],
    [7, 'D'],
    [7, 'E'],
  ]);
});

it('reads a report that stands in a fence as a whole', () => {
  const report = parseReport('```markdown\n# T\n\n## Root Cause\n\nThe disk is full.\n\nConfidence: 70%\n```\n');
  expect(report).toMatchObject({ title: 'T', root_cause: 'The disk is full.', confidence: 70 });
});

it('takes recommendations out of tables, numbered and bold headings', () => {
  const table =
    '# T\n\nText.\n\n## 4. Remediation Plan\n\n| # | Action |\n|---|---|\n| 1 | Raise the memory limit to 1Gi |\n';
  expect(parseReport(table)?.recommendations).toEqual(['Raise the memory limit to 1Gi']);
  const bold = '# T\n\nText.\n\n**Recommended actions**\n\n1. Roll back.\n\n**Evidence**\n\n- the log\n';
  expect(parseReport(bold)?.recommendations).toEqual(['Roll back.']);
});

it('takes no percentage of another section for the confidence', () => {
  const report =
    '# T\n\nText.\n\n## Root Cause\n\nThe node is gone.\n\n## Evidence\n\nOur confidence in backups is 12%.\n';
  expect(parseReport(report)?.confidence).toBeUndefined();
});

const SIZE = 1_000_000;
it.each([
  ['an address without end', 'a.'.repeat(SIZE / 2) + '@'],
  ['brackets', '['.repeat(SIZE)],
  ['emphasis', '*a '.repeat(SIZE / 3)],
  ['backticks', '`'.repeat(SIZE)],
  ['fences that never close', '```\n'.repeat(SIZE / 4)],
  ['quotations', '>'.repeat(SIZE)],
  ['nested lists', Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth % 300)}- a`).join('\n')],
  ['table cells', '|'.repeat(SIZE)],
  ['spaces', `# ${' '.repeat(SIZE)}x`],
  ['digits', `Confidence: ${'1'.repeat(SIZE)}`],
  ['confidences', 'confidence '.repeat(SIZE / 11)],
  ['underlines', `x\n${'-'.repeat(SIZE)}x`],
])(
  'reads a megabyte of %s',
  (_, hostile) => {
    const markdown = `# T\n\nText.\n\n${hostile}\n\n## Root Cause\n\n${hostile}\n`;
    expect(parseReport(markdown)?.title).toBe('T');
    expect(quotedOutputs(markdown)).toBeDefined();
  },
  // Seconds at most on a busy machine; a pattern that takes quadratic time needs minutes.
  60_000,
);
