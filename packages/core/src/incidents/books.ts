import { z } from 'zod';
import { INTAKE_OUTCOMES, type IntakeOutcome } from './admission.ts';

/** Where the incidents that were queued are: each of them is one of these. */
export const QUEUED_STATES = ['waiting', 'delayed', 'active', 'finished', 'dropped', 'expired'] as const;

/** Everything that is counted. `requeued`: of `queued`, what an operator put in again. */
export const BOOK_ENTRIES = ['received', ...INTAKE_OUTCOMES, ...QUEUED_STATES, 'requeued'] as const;

/** One page of the books: counts since the beginning, but for the incidents that are still open. */
export const BookPage = z.record(z.enum(BOOK_ENTRIES), z.number());
export type BookPage = z.infer<typeof BookPage>;

/** All pages at one instant. Clusters that never reported anything are missing. */
const BookPages = z.object({ total: BookPage, clusters: z.record(z.string(), BookPage) });
export type BookPages = z.infer<typeof BookPages>;

/** The books, and whether they balance. */
export const Books = BookPages.extend({
  balanced: z.boolean(),
  /** What does not balance, in words. */
  off: z.array(z.string()),
});
export type Books = z.infer<typeof Books>;

/** What became of the faults that were received: each of them is one of these. A resent call is no further fault. */
const RECEIVED_AS: readonly IntakeOutcome[] = INTAKE_OUTCOMES.filter((outcome) => outcome !== 'resent');

/**
 * Checks that everything received became one of its outcomes, that everything queued is in one place, and that the
 * clusters add up.
 */
export function auditBooks({ total, clusters }: BookPages): Books {
  const pages: [string, BookPage][] = [['all clusters', total], ...Object.entries(clusters)];
  const off = pages.flatMap(([name, page]) => [
    ...compare(name, page, 'received', RECEIVED_AS),
    ...compare(name, page, 'queued', QUEUED_STATES),
  ]);
  for (const entry of BOOK_ENTRIES) {
    const sum = Object.values(clusters).reduce((all, page) => all + page[entry], 0);
    if (sum !== total[entry]) off.push(`all clusters: ${entry} is ${total[entry]}, and ${sum} by its clusters`);
  }
  return { balanced: off.length === 0, off, total, clusters };
}

/** A page on which nothing is written yet. */
export function emptyPage(): BookPage {
  return BookPage.parse(Object.fromEntries(BOOK_ENTRIES.map((entry) => [entry, 0])));
}

type Entry = keyof BookPage;

function compare(name: string, page: BookPage, whole: Entry, parts: readonly Entry[]): string[] {
  const sum = parts.reduce((all, part) => all + page[part], 0);
  if (sum === page[whole]) return [];
  const terms = parts.map((part) => `${part} ${page[part]}`).join(' + ');
  return [`${name}: ${whole} is ${page[whole]}, but ${terms} is ${sum}`];
}
