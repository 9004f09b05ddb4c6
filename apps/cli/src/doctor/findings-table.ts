import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { Help } from 'commander';
import { styleText } from 'node:util';
import type { FindingState } from './finding.ts';
import type { CheckFinding } from './run-checks.ts';

const MARKS: Record<FindingState, string> = { ok: '✓', skipped: '–', warning: '!', failed: '✗' };
const COLORS = { ok: 'green', skipped: 'dim', warning: 'yellow', failed: 'red' } as const;
/** Findings of one check that are shown one by one while all is well. */
const MOST_SHOWN = 20;
/** Characters. */
const LONGEST_SUBJECT = 24;
const LEAST_MESSAGE = 30;

export interface TableOptions {
  width: number;
  /** Whether it is shown on a terminal with colors. */
  colors: boolean;
}

/** Renders findings: a mark, the check, its subject, and the message with the fix below it, wrapped to the width. */
export function findingsTable(findings: readonly CheckFinding[], { width, colors }: TableOptions): string {
  const rows = collapsed(findings);
  const check = Math.max(...rows.map((row) => row.check.length), 0);
  const wanted = Math.max(...rows.map((row) => row.subject.length), 0);
  const subject = Math.min(wanted, Math.max(LONGEST_SUBJECT, width - 2 - check - 2 - 2 - 60));
  const indent = 2 + check + 2 + subject + 2;
  const room = Math.max(LEAST_MESSAGE, width - indent);
  const mark = (state: FindingState): string =>
    colors ? styleText(COLORS[state], MARKS[state], { validateStream: false }) : MARKS[state];
  return rows
    .map((row) => {
      const head = `${row.check.padEnd(check)}  ${shortened(row.subject, subject).padEnd(subject)}  `;
      const [first = '', ...more] = wrapped(row.message, room);
      const fix = 'fix' in row ? wrapped(row.fix, room - 2) : [];
      const below = [...more, ...fix.map((line, at) => `${at === 0 ? '→' : ' '} ${line}`)];
      return [`${mark(row.state)} ${head}${first}`.trimEnd(), ...below.map((line) => ' '.repeat(indent) + line)].join(
        '\n',
      );
    })
    .join('\n');
}

/** Counts findings by state, in one line. */
export function summaryLine(findings: readonly CheckFinding[]): string {
  const count = (state: FindingState): number => findings.filter((finding) => finding.state === state).length;
  const problems = [
    ...(count('failed') > 0 ? [`${count('failed')} failed`] : []),
    ...(count('warning') > 0 ? [`${count('warning')} to look at`] : []),
  ];
  return `${count('ok')} ok${problems.map((text) => `, ${text}`).join('')}`;
}

/** Many things of one check that are well are one row. */
function collapsed(findings: readonly CheckFinding[]): readonly CheckFinding[] {
  const well = new Map<string, number>();
  for (const { check, state } of findings) if (state === 'ok') well.set(check, (well.get(check) ?? 0) + 1);
  const counted = new Set<string>();
  return findings.flatMap((finding): CheckFinding[] => {
    const { check, state } = finding;
    const count = well.get(check) ?? 0;
    if (state !== 'ok' || count <= MOST_SHOWN) return [finding];
    if (counted.has(check)) return [];
    counted.add(check);
    return [{ check, state: 'ok', subject: `${count}`, message: 'ok' }];
  });
}

function wrapped(text: string, width: number): string[] {
  const line = escapeControls(text).replaceAll(/\s+/g, ' ').trim();
  return new Help().boxWrap(line, width).split('\n');
}

function shortened(text: string, width: number): string {
  const shown = escapeControls(text);
  return shown.length <= width ? shown : `…${shown.slice(shown.length - width + 1)}`;
}
