import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { BOOK_ENTRIES, QUEUED_STATES, RECEIVED_AS } from '@nightcrier/core/incidents/books';
import Table from 'cli-table3';
import type { ApiClient } from '../api-client.ts';
import { headStyle } from '../lists/incident-table.ts';

/**
 * `nightcrier books`: counts every received fault by outcome, and every queued incident by state.
 * @returns 1 if the counts do not balance
 */
export async function showBooks(api: ApiClient, format: 'table' | 'json'): Promise<0 | 1> {
  const books = await api.books();
  if (format === 'json') {
    console.log(escapeControls(JSON.stringify(books)));
  } else {
    const names = Object.keys(books.clusters).map(escapeControls);
    const table = new Table({ head: ['', 'all', ...names], style: { head: headStyle(), border: [], compact: true } });
    for (const entry of BOOK_ENTRIES) {
      table.push([entry, books.total[entry], ...Object.values(books.clusters).map((page) => page[entry])]);
    }
    console.log(table.toString());
    console.log(`received = ${RECEIVED_AS.join(' + ')}\nqueued = ${QUEUED_STATES.join(' + ')}`);
    console.log(
      books.balanced ? 'the books balance' : escapeControls(`the books do not balance:\n${books.off.join('\n')}`),
    );
  }
  return books.balanced ? 0 : 1;
}
