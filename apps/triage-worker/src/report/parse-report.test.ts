import { expect, it } from 'vitest';
import { parseReport } from './parse-report.ts';

const FULL = `# Incident Report: Pod shop/cart-7d4b9c-abcde

## Summary

The pod **cannot start**: its image
does not exist.

## Root Cause

The tag \`v1.2.3-typo\` is not in the registry.

The previous one was.

Confidence: 95%

## Recommendations

1. Set the image to \`v1.2.3\`,
   and roll out again.
2. Check the tag in CI.
`;

it('reads title, summary, root cause, confidence and recommendations', () => {
  expect(parseReport(FULL)).toEqual({
    title: 'Incident Report: Pod shop/cart-7d4b9c-abcde',
    summary: 'The pod cannot start: its image does not exist.',
    root_cause: 'The tag `v1.2.3-typo` is not in the registry.',
    confidence: 95,
    recommendations: ['Set the image to `v1.2.3`, and roll out again.', 'Check the tag in CI.'],
  });
});

it.each([
  ['Confidence: 87.5%', 87.5],
  ['**Confidence:** 80 %', 80],
  ['## Confidence Level\n\n**70%**', 70],
  ['Confidence: HIGH', 90],
  ['Confidence level: **Medium**', 60],
  ['**Confidence**: low', 30],
  ['Confidence: HIGH (95%)', 95],
  ['We hold this with 99% confidence.', 99],
  ['We hold this with moderate confidence.', 60],
  ['Confidence: 250%', undefined],
  ['```\nConfidence: 12%\n```', undefined],
  ['The disk is 97% full.', undefined],
])('reads the confidence of %j as %j', (line, expected) => {
  expect(parseReport(`# T\n\nText.\n\n${line}\n`)?.confidence).toBe(expected);
});

it.each([
  ['## Root Cause Analysis\n\nThe node is gone.'],
  ['### 3. Root-cause (Confidence: 80%)\n\nThe node is gone.'],
  ['## Root Cause\n\n**Confidence:** 80%\n\nThe node is gone.'],
  ['## Root Cause\n\n- The node is gone.\n- And more.'],
  ['## Root Cause\n\n| a | b |\n|---|---|\n\nThe node is gone.'],
  ['## Probable cause\n\nThe node is gone.'],
  ['## Diagnosis\n\n### What\n\nThe node is gone.'],
  ['**Root Cause:** The node is gone.'],
])('finds the root cause in %j', (text) => {
  expect(parseReport(`# T\n\nOpening words.\n\n${text}\n`)?.root_cause).toBe('The node is gone.');
});

it('does not take headings in fenced code for the report', () => {
  const report = parseReport('# T\n\n```md\n## Root Cause\n\nfrom a log\n```\n\n## Root Cause\n\nThe real one.\n');
  expect(report?.root_cause).toBe('The real one.');
});

it('gathers recommendations below sub-headings and stops at the next section', () => {
  const report = parseReport(
    '# T\n\nText.\n\n## Recommended Actions\n\n### Now\n- a\n\n### Later\n* b\n  - b1\n\n## Evidence\n- c\n',
  );
  expect(report?.recommendations).toEqual(['a', 'b', 'b1']);
});

it('takes recommendations in prose as they are', () => {
  expect(parseReport('# T\n\nText.\n\n## Recommendations\n\nRaise the limit.\n')?.recommendations).toEqual([
    'Raise the limit.',
  ]);
});

it('lets the first words stand in for what a report in another form leaves out', () => {
  expect(parseReport('The image of the pod does not exist.\n\nNothing else is wrong.')).toEqual({
    title: 'The image of the pod does not exist.',
    summary: 'The image of the pod does not exist.',
    root_cause: 'The image of the pod does not exist.',
    confidence: undefined,
    recommendations: [],
  });
});

it.each(['', '\n\n   \n', '# Only a title\n', '---\n***\n', '```\nonly code\n```\n', '0123456789'])(
  'finds no report in %j',
  (markdown) => {
    expect(parseReport(markdown)).toBeUndefined();
  },
);

it('bounds what goes into the row', () => {
  const items = Array.from({ length: 50 }, (_, index) => `- ${index} ${'x'.repeat(1000)}`).join('\n');
  const report = parseReport(`# ${'t'.repeat(1000)}\n\n${'w '.repeat(5000)}\n\n## Recommendations\n\n${items}\n`);
  expect(report?.title).toHaveLength(200);
  expect(report?.summary.length).toBeLessThanOrEqual(2000);
  expect(report?.recommendations).toHaveLength(20);
  expect(report?.recommendations[0]?.length).toBeLessThanOrEqual(500);
});
