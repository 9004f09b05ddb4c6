import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import Table from 'cli-table3';
import { headStyle } from './incident-table.ts';

/** Prints rows of text as a table, or one line where there are none. Control characters are escaped. */
export function printTable(head: string[], rows: string[][], none: string): void {
  if (rows.length === 0) {
    console.log(none);
    return;
  }
  const table = new Table({ head, style: { head: headStyle(), border: [], compact: rows.length > 20 } });
  for (const row of rows) table.push(row.map(escapeControls));
  console.log(table.toString());
}
