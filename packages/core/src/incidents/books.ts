import { z } from 'zod';
import { INTAKE_OUTCOMES, type IntakeOutcome } from './admission.ts';

/** The states of queued incidents in the books. Each queued incident counts in exactly one. */
export const QUEUED_STATES = ['waiting', 'delayed', 'active', 'finished', 'dropped', 'expired'] as const;

/** All counters. `requeued` is the part of `queued` that an operator requeued. */
export const BOOK_ENTRIES = ['received', ...INTAKE_OUTCOMES, ...QUEUED_STATES, 'requeued'] as const;

/** One page of the books. Counts are cumulative, except those of open incidents (waiting, delayed, active). */
export const BookPage = z.record(z.enum(BOOK_ENTRIES), z.number());
export type BookPage = z.infer<typeof BookPage>;

/** All pages at one instant. Clusters without any received fault are missing. */
const BookPages = z.object({
  total: BookPage,
  clusters: z.record(z.string(), BookPage),
  /** The number of rows of open incidents, and of all, at the same instant. */
  rows: z.object({ open: z.number(), all: z.number() }).optional(),
  /** Counters whose value in Redis is no number. They count as 0. */
  unreadable: z.array(z.string()).optional(),
});
export type BookPages = z.infer<typeof BookPages>;

/** The books, and whether they balance. */
export const Books = BookPages.extend({
  balanced: z.boolean(),
  /** The equations that do not hold, as text. */
  off: z.array(z.string()),
});
export type Books = z.infer<typeof Books>;

/** The outcomes that add up to `received`. A resent call is not another fault. */
export const RECEIVED_AS: readonly IntakeOutcome[] = INTAKE_OUTCOMES.filter((outcome) => outcome !== 'resent');

/**
 * Checks that every received fault has one outcome, that every queued incident has one state, and that the clusters add up
 * to the total. A counter that is missing beside rows, or cannot be read, is no balance of zeros.
 */
export function auditBooks({ total, clusters, rows, unreadable = [] }: BookPages): Books {
  const pages: [string, BookPage][] = [['all clusters', total], ...Object.entries(clusters)];
  const off = pages.flatMap(([name, page]) => [
    ...compare(name, page, 'received', RECEIVED_AS),
    ...compare(name, page, 'queued', QUEUED_STATES),
  ]);
  for (const entry of BOOK_ENTRIES) {
    const sum = Object.values(clusters).reduce((all, page) => all + page[entry], 0);
    if (sum !== total[entry]) off.push(`all clusters: ${entry} is ${total[entry]}, and ${sum} by its clusters`);
  }
  off.push(
    ...unreadable.map((counter) => `${counter} is no number in Redis`),
    ...(rows ? rowProblems(total, rows) : []),
  );
  return { balanced: off.length === 0, off, total, clusters };
}

function rowProblems(total: BookPage, rows: { open: number; all: number }): string[] {
  const open = total.waiting + total.delayed + total.active;
  const off: string[] = [];
  if (open !== rows.open)
    off.push(`all clusters: waiting, delayed and active are ${open}, and ${rows.open} incidents are open`);
  if (rows.all > 0 && total.received === 0)
    off.push(`all clusters: received is 0, and ${rows.all} incidents have rows`);
  return off;
}

/** Returns a page with all counters at 0. */
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
