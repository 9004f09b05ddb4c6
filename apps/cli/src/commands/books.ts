import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { BOOK_ENTRIES, QUEUED_STATES, RECEIVED_AS } from '@nightcrier/core/incidents/books';
import type { ApiClient } from '../api-client.ts';
import { type ListColumn, printList } from '../lists/print-list.ts';

/** Clusters that have a column each. */
const MOST_CLUSTERS = 6;

/**
 * `nightcrier books`: counts every received fault by outcome, and every queued incident by state.
 * @returns 1 if the counts do not balance
 */
export async function showBooks(api: ApiClient, format: 'table' | 'json'): Promise<0 | 1> {
  const books = await api.books();
  if (format === 'json') {
    console.log(escapeControls(JSON.stringify(books)));
  } else {
    const pages = Object.entries(books.clusters);
    const shown = pages.length <= MOST_CLUSTERS ? pages : [];
    const columns: ListColumn<(typeof BOOK_ENTRIES)[number]>[] = [
      { head: 'entry', text: (entry) => entry },
      { head: 'all', text: (entry) => String(books.total[entry]), number: true },
      ...shown.map(([name, page]) => ({
        head: escapeControls(name),
        text: (entry: keyof typeof page) => String(page[entry]),
        least: 6,
        number: true,
      })),
    ];
    printList(BOOK_ENTRIES, columns, { format: 'table', none: '' });
    if (pages.length > shown.length) console.log(`${pages.length} clusters: -o json has the counts of each`);
    console.log(`received = ${RECEIVED_AS.join(' + ')}\nqueued = ${QUEUED_STATES.join(' + ')}`);
    console.log(
      books.balanced ? 'the books balance' : escapeControls(`the books do not balance:\n${books.off.join('\n')}`),
    );
  }
  return books.balanced ? 0 : 1;
}
