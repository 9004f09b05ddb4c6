import type { ShownTimes } from './duration.ts';
import type { ListFormat } from './print-list.ts';

/** The flags of a list that can be filtered; the others go to the API as they are. */
export type ListFilter = Record<string, string | boolean> & { watch: boolean; format: ListFormat; times: ShownTimes };
