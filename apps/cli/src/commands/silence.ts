import { escapeControls } from '@nightcrier/runtime/process/terminal-text';
import { ExitError } from '@nightcrier/runtime/exit-code';
import type { ShownSilence } from '@nightcrier/core/api/silence-routes';
import type { ApiClient } from '../api-client.ts';
import { parseDuration } from '../lists/duration.ts';
import { type ListColumn, type ListFormat, printList } from '../lists/print-list.ts';

export interface AddSilenceOptions {
  /** Each one or several matchers. */
  matchers: string[];
  comment: string;
  author: string;
  duration?: string;
  start?: string;
  end?: string;
  investigate: boolean;
}

/** `nightcrier silence add MATCHERS…`: prints the id of the silence. */
export async function addSilence(api: ApiClient, options: AddSilenceOptions): Promise<void> {
  const { matchers, comment, author, duration, start, end, investigate } = options;
  if (duration !== undefined && end !== undefined) throw new ExitError('usage', 'give --duration or --end, not both');
  const silence = await api.addSilence({
    matchers: matchers.map((text) => text.replace(/^\s*\{(.*)\}\s*$/, '$1')).join(','),
    comment,
    author,
    investigate,
    ...(start !== undefined && { starts_at: instantOf('--start', start) }),
    ...(end === undefined ? { duration: parseDuration(duration ?? '1h') } : { ends_at: instantOf('--end', end) }),
  });
  console.log(escapeControls(silence.id));
}

const COLUMNS: ListColumn<ShownSilence>[] = [
  { head: 'id', text: ({ id }) => id },
  { head: 'state', text: ({ state, investigate }) => (investigate ? `${state}, investigates` : state) },
  { head: 'matchers', text: ({ matchers }) => matchers, least: 16 },
  { head: 'ends', text: ({ ends_at: at }) => `${at.slice(0, 16)}Z` },
  { head: 'by', text: ({ created_by: by }) => by, least: 6 },
  { head: 'comment', text: ({ comment }) => comment, least: 8 },
];

/** `nightcrier silence list`. */
export async function listSilences(api: ApiClient, all: boolean, format: ListFormat): Promise<void> {
  const silences = (await api.silences()).filter(({ state }) => all || state !== 'expired');
  printList(silences, COLUMNS, { format, none: 'no silences' });
}

/** `nightcrier silence expire ID…`. */
export async function expireSilences(api: ApiClient, ids: string[]): Promise<void> {
  for (const id of ids) {
    await api.expireSilence(id);
    console.log(escapeControls(`silence ${id} expired`));
  }
}

function instantOf(flag: string, text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new ExitError('usage', `${flag} ${JSON.stringify(text)} is no time; write 2026-03-01T12:00:00Z`);
  return new Date(time).toISOString();
}
