import { CAUSE_FAMILIES } from '@nightcrier/core/diagnosis/cause';

/** Returns docs/causes.md: every code that a diagnosis can have. */
export function causesPage(): string {
  const families = Object.entries(CAUSE_FAMILIES).map(([family, causes]) =>
    [
      `## ${family}`,
      '',
      '| Code | Meaning | Decided by | What to do |',
      '|---|---|---|---|',
      ...Object.entries(causes).map(
        ([code, { meaning, decided_by: decidedBy, remedy }]) =>
          `| \`${code}\` | ${[meaning, decidedBy, remedy].map(cell).join(' | ')} |`,
      ),
    ].join('\n'),
  );
  return `# Causes

The closed vocabulary of diagnoses: \`hypotheses[].cause\` of a report, \`cause\` of a webhook, the label of
\`nightcrier_diagnoses_total\`. Codes are only added. \`unknown\` is a fault that no rule explains. The built-in analyser writes
these codes, and an agent may, in \`output/diagnosis.json\`. This page is written from \`packages/core/src/diagnosis/causes\`.

${families.join('\n\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('…', '...');
}
