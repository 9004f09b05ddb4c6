import { BOOK_ENTRIES } from '@nightcrier/core/incidents/books';
import Table from 'cli-table3';
import type { ApiClient } from '../api-client.ts';

/**
 * `nightcrier books`: what became of everything that was received, and where all that was queued is.
 * @returns 1 when that does not balance
 */
export async function showBooks(api: ApiClient, format: 'table' | 'json'): Promise<0 | 1> {
  const books = await api.books();
  if (format === 'json') {
    console.log(JSON.stringify(books));
  } else {
    const names = Object.keys(books.clusters);
    const table = new Table({ head: ['', 'all', ...names], style: { head: ['bold'], border: [], compact: true } });
    for (const entry of BOOK_ENTRIES) {
      table.push([entry, books.total[entry], ...Object.values(books.clusters).map((page) => page[entry])]);
    }
    console.log(table.toString());
    console.log(books.balanced ? 'the books balance' : `the books do not balance:\n${books.off.join('\n')}`);
  }
  return books.balanced ? 0 : 1;
}
