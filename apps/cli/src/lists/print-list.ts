import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { stringify } from 'yaml';
import type { ShownTimes } from './duration.ts';
import { type Column, fitColumns } from './columns.ts';

/** How lists are printed. `wide`: as wide as the texts are. */
export const LIST_FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

export interface ListColumn<Row> extends Omit<Column, 'values' | 'shortValues'> {
  text: (row: Row, times: ShownTimes) => string;
  /** Where the text would be cut, see `enough`. */
  shortText?: (row: Row) => string;
  /** Only with `-o wide`. */
  wide?: boolean;
}

export interface ListOptions {
  format: ListFormat;
  /** What is printed in place of an empty table. */
  none: string;
  /** Default: ages. */
  times?: ShownTimes;
}

/** The width of lists that no terminal shows, in columns. */
const WIDTH_ELSEWHERE = 120;

/** Renders rows as `-o` asks for. In a table, control characters are escaped, so that no terminal obeys them. */
export function renderList<Row>(
  rows: readonly Row[],
  columns: readonly ListColumn<Row>[],
  { format, none, times = 'ages', width = process.stdout.columns }: ListOptions & { width?: number | undefined },
): string {
  if (format === 'json') return rows.map((row) => escapeControls(JSON.stringify(row))).join('\n');
  if (format === 'yaml') return escapeControls(stringify(rows)).trimEnd();
  if (rows.length === 0) return none;
  const shown = columns.filter(({ wide = false }) => format === 'wide' || !wide);
  const oneLine = (value: string): string => escapeControls(value).replaceAll(/\s+/g, ' ');
  const rendered = shown.map(({ text, shortText, ...column }): Column => {
    const values = rows.map((row) => oneLine(text(row, times)));
    return { ...column, values, ...(shortText && { shortValues: rows.map((row) => oneLine(shortText(row))) }) };
  });
  return fitColumns(rendered, format === 'wide' ? Number.POSITIVE_INFINITY : (width ?? WIDTH_ELSEWHERE)).join('\n');
}

/** Prints a list; nothing where it is JSON and empty. */
export function printList<Row>(rows: readonly Row[], columns: readonly ListColumn<Row>[], options: ListOptions): void {
  const text = renderList(rows, columns, options);
  if (text !== '') console.log(text);
}
